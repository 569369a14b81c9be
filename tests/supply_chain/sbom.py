"""The bill of materials of what is deployed, in CycloneDX: `make sbom`.

It contains the packages of `requirements.txt`, and the libraries in
`static/js/vendor`. Equal locks give an equal file, on every machine and day.
"""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.supply_chain.locks import ROOT

Document = dict[str, Any]


def bill(root: Path = ROOT) -> Document:
    """Return the document of the project in `root`."""
    document = _of_python(root)
    libraries = [_library(one) for one in vendored(root)]
    for component in document["components"]:
        _make_stable(component)
    document["components"] += libraries
    document["components"].sort(key=lambda one: one["bom-ref"])
    document["dependencies"] = _dependencies(document, root, libraries)
    _validate(document)
    return document


def vendored(root: Path = ROOT) -> list[dict[str, str]]:
    """Return the libraries that are copied from npm into the project."""
    path = root / "static" / "js" / "vendor" / "libraries.json"
    return list(json.loads(path.read_text("utf-8")))


def _of_python(root: Path) -> Document:
    command = [
        *(sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements"),
        *("--pyproject", "pyproject.toml", "--output-reproducible"),
        *("--spec-version", "1.6", "--output-format", "JSON"),
        *("--no-validate", "requirements.txt"),  # the whole document is, at the end
    ]
    environment = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, check=True
    )
    return dict(json.loads(done.stdout))


def _make_stable(component: Document) -> None:
    """Identify a package by its name and version.

    The tool names the line of the lock, which changes with every other package, and an
    index that the package may never have come from.
    """
    component["bom-ref"] = component["purl"]
    del component["description"]
    for reference in component.get("externalReferences", []):
        reference["url"] = component["purl"]
        reference["comment"] = "one of these wheels"


def _library(library: dict[str, str]) -> Document:
    purl = f"pkg:npm/{library['package']}@{library['version']}"
    return {
        "bom-ref": purl,
        "type": "library",
        "name": library["package"],
        "version": library["version"],
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": library["sha256"]}],
        "licenses": [{"license": {"id": library["licence"]}}],
    }


def _dependencies(
    document: Document, root: Path, libraries: list[Document]
) -> list[Document]:
    """Say what the project itself asks for; the lock does not say more."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {canonicalize_name(Requirement(x).name) for x in project["dependencies"]}
    direct = [
        one["bom-ref"]
        for one in document["components"]
        if one in libraries or canonicalize_name(one["name"]) in wanted
    ]
    ours = document["metadata"]["component"]["bom-ref"]
    return [{"ref": ours, "dependsOn": direct}]


def _validate(document: Document) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    if error := validator.validate_str(json.dumps(document)):
        raise ValueError(f"not a CycloneDX document: {error}")


def main(target: str) -> None:
    """Write the document into the file `target`."""
    document = bill()
    Path(target).parent.mkdir(mode=0o700, exist_ok=True)
    Path(target).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"{target}: {len(document['components'])} components")


if __name__ == "__main__":
    main(sys.argv[1])
