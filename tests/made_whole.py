"""What is made of several parts, of which none remains if one can't be made."""

from abc import ABC, abstractmethod
from typing import Self


class MadeWhole(ABC):
    """A context that removes what it has made, also if it fails on the way."""

    def __enter__(self) -> Self:
        try:
            self._create()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._remove()

    @abstractmethod
    def _create(self) -> None: ...

    @abstractmethod
    def _remove(self) -> None: ...
