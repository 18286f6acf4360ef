"""The templates of what people read and print."""

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def page(name: str) -> Template:
    """Return a page's template; what it shows is escaped, and a name that nobody gave is an error."""
    loader = PackageLoader("wherry.app", "templates")
    environment = Environment(autoescape=True, undefined=StrictUndefined, loader=loader)
    environment.filters["words"] = lambda text: str(text).replace("_", " ")
    return environment.get_template(name)
