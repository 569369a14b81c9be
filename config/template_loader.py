"""How our own templates are read: without their indentation."""

import re

from django.template import Origin
from django.template.loaders.filesystem import Loader as FilesystemLoader

INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)


class Loader(FilesystemLoader):
    """Loads HTML templates without the indentation of their lines.

    It is for the readers of the source, and would be a sixth of every page. Line
    numbers stay the same. Nothing that shows leading blanks, such as `<pre>`, may have
    more than one line in a template.
    """

    def get_contents(self, origin: Origin) -> str:
        text: str = super().get_contents(origin)
        return INDENTATION.sub("", text) if origin.name.endswith(".html") else text
