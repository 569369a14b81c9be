"""The bill of materials lists what is deployed, and is the same each time."""

import json

import pytest

from tests.supply_chain import sbom
from tests.supply_chain.locks import read_lock

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The file as text."""
    target = tmp_path_factory.mktemp("var") / "sbom.cdx.json"
    sbom.main(str(target))
    return target.read_text("utf-8")


def test_lists_every_locked_package_and_every_copied_library(written):
    components = json.loads(written)["components"]

    purls = {one["purl"] for one in components}
    lock = read_lock("requirements.txt")
    pins = {f"pkg:pypi/{name}@{p.version}" for name, some in lock.items() for p in some}
    copied = {f"pkg:npm/{one['package']}@{one['version']}" for one in sbom.vendored()}

    assert len(pins) > 40
    assert purls == pins | copied


def test_gives_the_hashes_of_the_lock(written):
    [django] = [c for c in json.loads(written)["components"] if c["name"] == "django"]
    [reference] = django["externalReferences"]

    hashes = {f"sha256:{one['content']}" for one in reference["hashes"]}

    assert hashes == set(read_lock("requirements.txt")["django"][0].hashes)


def test_says_what_the_project_itself_asks_for(written):
    document = json.loads(written)

    [ours] = document["dependencies"]

    assert ours["ref"] == document["metadata"]["component"]["bom-ref"]
    assert len(ours["dependsOn"]) > 15
    assert {ref.partition("@")[0] for ref in ours["dependsOn"]} >= {
        "pkg:pypi/django",
        "pkg:npm/idiomorph",
    }
    assert set(ours["dependsOn"]) < {one["bom-ref"] for one in document["components"]}


def test_is_the_same_each_time_and_names_no_index(written, monkeypatch, tmp_path):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:secret@index.example/simple")
    sbom.main(str(tmp_path / "again.json"))

    assert (tmp_path / "again.json").read_text("utf-8") == written
    components = json.loads(written)["components"]
    assert "://" not in json.dumps(components)


def test_an_invalid_document_is_refused():
    library = sbom._library(sbom.vendored()[0] | {"sha256": "none"})
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6"}
    sbom._validate(document)

    with pytest.raises(ValueError, match="not a CycloneDX document"):
        sbom._validate(document | {"components": [library]})
