"""Operator console: devices, gateways, credentials, platforms and tags with what backups know of them; backups, jobs,
workers, and notifications.

What nobody may touch is locked.
"""

from django.contrib import admin
from django.contrib.auth.forms import AuthenticationForm

from backups.admin.backups import BackupAdmin
from backups.admin.channels import ChannelAdmin
from backups.admin.deliveries import DeliveryAdmin
from backups.admin.devices import DeviceAdmin
from backups.admin.gateways import GatewayAdmin
from backups.admin.host_keys import HostKeyAdmin
from backups.admin.jobs import JobAdmin
from backups.admin.locked import lock_third_party_admins
from backups.admin.log_ins import CredentialAdmin, TagAdmin
from backups.admin.platforms import PlatformAdmin
from backups.admin.workers import WorkerProcessAdmin

__all__ = [
    "BackupAdmin",
    "ChannelAdmin",
    "CredentialAdmin",
    "DeliveryAdmin",
    "DeviceAdmin",
    "GatewayAdmin",
    "HostKeyAdmin",
    "JobAdmin",
    "PlatformAdmin",
    "TagAdmin",
    "WorkerProcessAdmin",
]

admin.site.site_header = "NetRaven"
admin.site.site_title = "NetRaven"
admin.site.index_title = "Console"
admin.site.enable_nav_sidebar = False  # lists need the width; the header leads to what matters
# The one log-in page serves those too who may see the pages but not the console.
admin.site.login_form = AuthenticationForm
lock_third_party_admins()
