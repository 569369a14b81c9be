"""What the extensions of drf-spectacular have in common."""


class RegistersItself:
    """Give the registration of an extension a type.

    drf-spectacular registers the subclasses of its extensions in a method without
    annotations, so each subclass would need a `type: ignore`.
    """

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
