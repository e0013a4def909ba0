"""Sends one message by e-mail, as text and as simple HTML."""

import smtplib
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives
from django.template.loader import render_to_string

from backups.models import Channel
from backups.notifications.messages import Message
from backups.notifications.outcome import Outcome
from backups.notifications.words import sentence, subject

MOST_SAID = 200  # characters of a server's answer


def send_mail(message: Message, channel: Channel) -> Outcome:
    """To all addresses of the channel at once."""
    if not settings.NETRAVEN["MAIL_IS_SET"]:
        return Outcome(False, "Not sent: no mail server is set. Set EMAIL_URL, and restart.")
    context = _context(message)
    mail = EmailMultiAlternatives(
        subject=subject(message),
        body=render_to_string("notifications/message.txt", context),
        to=channel.recipients,
        headers={"Message-ID": _message_id(message), "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(render_to_string("notifications/message.html", context), "text/html")
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        return Outcome(False, f"Refused: {_said(code, said)}")
    except smtplib.SMTPResponseException as error:
        return Outcome(False, f"The mail server said: {_said(error.smtp_code, error.smtp_error)}")
    except BadHeaderError:
        return Outcome(False, "Not sent: a line break in a header.")
    except (smtplib.SMTPException, OSError) as error:
        return Outcome(False, f"The mail server does not answer as it should ({type(error).__name__}).")
    return Outcome(True, "Accepted by the mail server")


def _context(message: Message) -> dict[str, Any]:
    events = [event | {"sentence": sentence(event)} for event in message.events]
    return {"message": message, "events": events, "subject": subject(message)}


def _message_id(message: Message) -> str:
    """The same each time: a mail that was sent twice is known for one."""
    host = urlsplit(settings.NETRAVEN["BASE_URL"]).hostname
    domain = host or parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{message.delivery.pk}@{domain}>"


def _said(code: int, text: bytes | str) -> str:
    """A server's answer; it may repeat what it was sent, so the password is taken out."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    for secret in filter(None, (settings.EMAIL_HOST_PASSWORD,)):
        words = words.replace(secret, "…")
    printable = "".join(character if character.isprintable() else " " for character in words)
    return f"{code} {printable}"[:MOST_SAID]
