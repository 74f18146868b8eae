from perdure.codes.keys import BindingNamespaces, CoreBindings


def constants(of):
    """Return a set's constants as the seed writes them."""
    return {name: getattr(of, name) for name in vars(of) if name.isupper() and name != "SCHEME_SET"}


def test_the_namespaces_are_the_seeds():
    assert constants(BindingNamespaces) == {
        "COMPONENT": "components",
        "DATASOURCE": "datasources",
        "REPOSITORY": "repositories",
        "MODEL": "models",
        "SERVICE": "services",
        "MIDDLEWARE": "middlewares",
        "PROVIDER": "providers",
        "CONTROLLER": "controllers",
        "BOOTERS": "booters",
    }
    assert list(BindingNamespaces.SCHEME_SET) == list(constants(BindingNamespaces).values())


def test_the_core_keys_are_the_seeds():
    assert constants(CoreBindings) == {
        "APPLICATION_INSTANCE": "@app/instance",
        "APPLICATION_SERVER": "@app/server",
        "APPLICATION_CONFIG": "@app/config",
        "APPLICATION_PROJECT_ROOT": "@app/project_root",
        "APPLICATION_ROOT_ROUTER": "@app/router/root",
        "APPLICATION_ENVIRONMENTS": "@app/environments",
        "APPLICATION_MIDDLEWARE_OPTIONS": "@app/middleware_options",
    }
    assert CoreBindings.is_valid("@app/config")
