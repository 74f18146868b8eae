"""The binding keys and namespaces that there are from the start, with the names and values of the IGNIS reference.

They lie here and not beside `perdure.bindings`, which is a layer further down: to the table of named parts a key is a text.
"""

from __future__ import annotations

from perdure.codes.constants import ConstantSet


class BindingNamespaces(ConstantSet):
    """The namespaces of binding keys: a service is bound under `services.…`."""

    COMPONENT = "components"
    DATASOURCE = "datasources"
    REPOSITORY = "repositories"
    MODEL = "models"
    SERVICE = "services"
    MIDDLEWARE = "middlewares"
    PROVIDER = "providers"
    CONTROLLER = "controllers"
    BOOTERS = "booters"


class CoreBindings(ConstantSet):
    """The keys under which an application's own parts are bound."""

    APPLICATION_INSTANCE = "@app/instance"
    APPLICATION_SERVER = "@app/server"
    APPLICATION_CONFIG = "@app/config"
    APPLICATION_PROJECT_ROOT = "@app/project_root"
    APPLICATION_ROOT_ROUTER = "@app/router/root"
    APPLICATION_ENVIRONMENTS = "@app/environments"
    APPLICATION_MIDDLEWARE_OPTIONS = "@app/middleware_options"
