"""The log-ins of tags by the API: /api/tags/{id}/credentials"""

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from credentials.models import Credential
from devices.models import Tag, TagCredential
from tests.api.conftest import MakeClient, add_credential, add_device, wrong_fields

pytestmark = pytest.mark.django_db
GIVING = ["devices.view_tag", "devices.change_tag", "credentials.view_credential"]


@pytest.fixture
def tag() -> Tag:
    return Tag.objects.create(name="branch")


@pytest.fixture
def url(tag: Tag) -> str:
    return f"/api/tags/{tag.pk}/credentials"


def test_log_ins_are_given_listed_in_order_changed_and_taken_away(url: str, client_with: MakeClient) -> None:
    client = client_with(*GIVING)
    old, new = add_credential("old"), add_credential("new")
    for credential, priority in ((old, 20), (new, 10)):
        made = client.post(url, {"credential": str(credential.pk), "priority": priority})
        assert made.status_code == 201
        assert made.json() == {"credential": str(credential.pk), "name": credential.name, "priority": priority}
    assert [row["name"] for row in client.get(url).json()["results"]] == ["new", "old"]
    assert client.patch(f"{url}/{old.pk}", {"priority": 5}).json()["priority"] == 5
    assert client.put(f"{url}/{new.pk}", {"credential": str(new.pk), "priority": 6}).status_code == 200
    assert [row["name"] for row in client.get(url).json()["results"]] == ["old", "new"]
    assert client.delete(f"{url}/{old.pk}").status_code == 204
    assert client.get(f"{url}/{old.pk}").status_code == 404
    assert Credential.objects.filter(pk=old.pk).exists()


def test_the_priority_is_a_hundred_unless_it_is_given(url: str, client_with: MakeClient) -> None:
    assert client_with(*GIVING).post(url, {"credential": str(add_credential().pk)}).json()["priority"] == 100


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "credential"),
        ({"credential": "no id"}, "credential"),
        ({"credential": str(uuid.uuid4())}, "credential"),
        ({"credential": "twice"}, "credential"),
        ({"credential": "new", "priority": -1}, "priority"),
        ({"credential": "new", "priority": "first"}, "priority"),
    ],
)
def test_bad_offers_are_refused_by_field(
    tag: Tag, url: str, client_with: MakeClient, body: dict[str, Any], field: str
) -> None:
    known = {"twice": add_credential("twice"), "new": add_credential("new")}
    TagCredential.objects.create(tag=tag, credential=known["twice"])
    if body.get("credential") in known:
        body = body | {"credential": str(known[body["credential"]].pk)}
    answer = client_with(*GIVING).post(url, body)
    assert (answer.status_code, wrong_fields(answer)) == (400, [field])
    assert TagCredential.objects.count() == 1


def test_an_offer_does_not_turn_into_another_one(tag: Tag, url: str, client_with: MakeClient) -> None:
    first, second = add_credential("first"), add_credential("second")
    TagCredential.objects.create(tag=tag, credential=first)
    answer = client_with(*GIVING).patch(f"{url}/{first.pk}", {"credential": str(second.pk)})
    assert (answer.status_code, wrong_fields(answer)) == (400, ["credential"])


@pytest.mark.parametrize("missing", GIVING)
def test_each_permission_is_needed(tag: Tag, url: str, client_with: MakeClient, missing: str) -> None:
    credential = add_credential()
    TagCredential.objects.create(tag=tag, credential=credential)
    client = client_with(*(set(GIVING) - {missing}))
    reading = 200 if missing == "devices.change_tag" else 403
    assert client.get(url).status_code == client.get(f"{url}/{credential.pk}").status_code == reading
    writing = 403 if missing != "devices.view_tag" else 201
    assert client.post(url, {"credential": str(add_credential("new").pk)}).status_code == writing
    assert client.delete(f"{url}/{credential.pk}").status_code == (403 if writing == 403 else 204)


def test_unknown_tags_and_ids_that_are_none_are_not_found(client_with: MakeClient) -> None:
    client = client_with(*GIVING)
    for key in (uuid.uuid4(), "no-id"):
        assert client.get(f"/api/tags/{key}/credentials").status_code == 404
        assert client.post(f"/api/tags/{key}/credentials", {}).status_code == 404


def test_a_tags_credential_is_in_use(tag: Tag, root: APIClient) -> None:
    credential = add_credential()
    TagCredential.objects.create(tag=tag, credential=credential)
    answer = root.delete(f"/api/credentials/{credential.pk}")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "This credential cannot be deleted: a tag logs in with it. Give it another one first.",
    )
    add_device(credential=credential)
    add_device("core2", credential=credential)
    answer = root.delete(f"/api/credentials/{credential.pk}")
    assert "2 devices and 1 tag log in with it. Give them another one first." in answer.json()["detail"]


def test_no_secret_is_in_any_answer(tag: Tag, url: str, client_with: MakeClient) -> None:
    credential, client = add_credential(), client_with(*GIVING)
    answers = [client.post(url, {"credential": str(credential.pk)}), client.get(url)]
    answers += [client.get(f"{url}/{credential.pk}"), client.get("/api/credentials/statistics")]
    assert not [answer for answer in answers if b"s3cret" in answer.content]


def test_the_list_costs_no_more_queries_for_more_rows(
    tag: Tag, url: str, root: APIClient, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        TagCredential.objects.create(tag=tag, credential=add_credential(str(number)))
    with django_assert_max_num_queries(6):
        assert len(root.get(url).json()["results"]) == 30
