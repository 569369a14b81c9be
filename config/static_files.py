"""The names of the static files in production."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Files whose names contain a hash, also where a module imports another one."""

    support_js_module_import_aggregation = True
