"""`docs/routes.md`, written from the routes themselves: `python -m infra.docs.routes`."""

from pydantic import SecretStr

from api.app import create_app
from api.door.access import routes
from core.settings import CHECKOUT, Settings

ROUTES_PAGE = CHECKOUT / "docs" / "routes.md"

#: Nothing connects before it is used.
_NOWHERE = Settings(
    redis_url=SecretStr("redis://127.0.0.1:1"),
    s3_endpoint="http://127.0.0.1:1",
    s3_access_key=SecretStr("none"),
    s3_secret_key=SecretStr("none"),
)


def routes_page() -> str:
    """Every route of the application and what it asks for."""
    rows = "".join(
        f"| `{method}` | `{path}` | {'**undeclared**' if access is None else access.words} |\n"
        for method, path, access in routes(create_app(_NOWHERE))
    )
    return (
        "# Routes and scopes\n\n"
        "Which scope a key needs for which call ([keys.md](keys.md)); `admin` includes every scope, `any`\n"
        "asks for a key with any. Each route declares its own; the API enforces what it declares.\n\n"
        "Written by `python -m infra.docs.routes`; a test keeps it true.\n\n"
        f"| method | path | scope |\n| --- | --- | --- |\n{rows}"
    )


if __name__ == "__main__":
    ROUTES_PAGE.write_text(routes_page(), encoding="utf-8")
