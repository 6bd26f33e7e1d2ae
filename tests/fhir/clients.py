"""FHIR programs as they are, against a FHIR API behind the gateway: `cargo xtask test --only fhir` runs it.

Nothing is changed in them but the base address and one header. Each follows the `next` links of bundles that its server
wrote with another address than the gateway's.
"""

import json
import os
import sys
import urllib.error
import urllib.request

from fhirclient import client
from fhirclient.models import bundle, practitioner
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import AuthorizationError, OperationOutcome, ResourceNotFound

BASE = os.environ["FHIR_URL"]
HEADER = {os.environ["FHIR_HEADER"]: os.environ["FHIR_KEY"]}


def whole_directory():
    """How many practitioners there are, by the server's own count."""
    call = urllib.request.Request(f"{BASE}/Practitioner?_count=1", headers=HEADER)
    with urllib.request.urlopen(call) as answer:
        return json.load(answer)["total"]


def by_fhirpy(total):
    """Reads, searches, follows every page."""
    fhir = SyncFHIRClient(BASE, extra_headers=HEADER)
    first = fhir.reference("Practitioner", "001").to_resource()
    assert first["id"] == "001", first
    seen = [one["id"] for one in fhir.resources("Practitioner").limit(20)]
    assert len(seen) == len(set(seen)) == total, f"{len(seen)} of {total}"
    found = fhir.resources("Practitioner").search(family="dahlia").fetch_all()
    assert found and all(one["name"][0]["family"].startswith("Dahlia") for one in found), found
    try:
        fhir.reference("Practitioner", "999").to_resource()
        raise AssertionError("nobody is known by 999")
    except ResourceNotFound:
        pass
    try:
        fhir.resources("Practitioner").search(nom="x").fetch()
        raise AssertionError("nom is no search parameter")
    except OperationOutcome as outcome:
        assert outcome.resource["resourceType"] == "OperationOutcome", outcome
    try:
        SyncFHIRClient(BASE).resources("Practitioner").fetch()
        raise AssertionError("without a key nothing is read")
    except AuthorizationError as refused:
        assert json.loads(str(refused))["issue"][0]["code"] == "login", refused


def by_fhirclient(total):
    """The same with typed resources: a bundle that is no valid R4 would not be read."""
    smart = client.FHIRClient(settings={"app_id": "octroi", "api_base": BASE})
    smart.server.session.headers.update(HEADER)
    one = practitioner.Practitioner.read("001", smart.server)
    assert one.id == "001" and one.name[0].family.endswith("(FICTIF)"), one.as_json()
    seen = []
    page = practitioner.Practitioner.where({"_count": "20"}).perform(smart.server)
    while page is not None:
        assert all(link.url.startswith(BASE + "/") for link in page.link), page.as_json()
        seen += [entry.resource.id for entry in page.entry]
        following = [link.url for link in page.link if link.relation == "next"]
        page = bundle.Bundle.read_from(following[0], smart.server) if following else None
    assert len(seen) == len(set(seen)) == total, f"{len(seen)} of {total}"


def other_methods():
    """What the API does not let through."""
    for method in ("PUT", "DELETE"):
        call = urllib.request.Request(f"{BASE}/Practitioner/001", method=method, headers=HEADER, data=b"{}")
        try:
            urllib.request.urlopen(call)
            raise AssertionError(f"{method} is let through")
        except urllib.error.HTTPError as refused:
            assert refused.code == 405, refused.code
            outcome = json.load(refused)
            assert outcome["issue"][0]["code"] == "not-supported", outcome


def main():
    """Everything, one after the other."""
    total = whole_directory()
    for name, walk in (("fhirpy", by_fhirpy), ("fhirclient", by_fhirclient)):
        walk(total)
        print(f"{name}: {total} practitioners, page by page")
    other_methods()
    print("PUT and DELETE: refused with an OperationOutcome")


if __name__ == "__main__":
    sys.exit(main())
