"""Pin the images of Dockerfile and compose.yaml: python3 deploy/container/pin.py

Pulls each image by its tag, and writes the digest that the registry gave behind the
tag. Run it again to take a newer image of the same tag, and commit the result. Needs
Docker, or Podman as `ENGINE=podman`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = ("Dockerfile", "compose.yaml")
# The default of PYTHON_IMAGE or POSTGRES_IMAGE: a name, a tag, and a digest if any.
IMAGE = re.compile(r"(_IMAGE(?:=|:-))([a-z]+:[\w.-]+)(@sha256:[0-9a-f]{64})?")
DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")


def main(root: Path) -> None:
    """Pin every image in the files below `root`."""
    texts = {name: (root / name).read_text("utf-8") for name in FILES}
    images = {found[2] for text in texts.values() for found in IMAGE.finditer(text)}
    digests = {image: digest_of(image) for image in sorted(images)}
    for name, text in texts.items():
        pinned = IMAGE.sub(lambda m: f"{m[1]}{m[2]}@{digests[m[2]]}", text)
        (root / name).write_text(pinned, "utf-8")
    for image, digest in digests.items():
        print(f"{image}@{digest}")


def digest_of(image: str) -> str:
    """Pull an image, and return its digest in the registry."""
    engine = os.environ.get("ENGINE", "docker")
    subprocess.run([engine, "pull", "--quiet", image], check=True)  # noqa: S603
    inspect = [engine, "inspect", "--format", "{{index .RepoDigests 0}}", image]
    told = subprocess.run(inspect, check=True, capture_output=True, text=True).stdout  # noqa: S603
    found = DIGEST.search(told.strip())
    if found is None:
        sys.exit(f"{engine} names no digest of {image}: {told.strip()!r}")
    return found[1]


if __name__ == "__main__":
    main(ROOT)
