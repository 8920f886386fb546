"""What the API says of itself, for whoever is not its client."""

from dataclasses import dataclass

import httpx

from likeness.reasons import reason_of

ANSWER_S = 3.0


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer of `/ready`, or that there was none."""

    #: Why there is no answer that is one of ours; empty where there is one.
    away: str
    #: What was found of each part: its name, whether that is well, and a sentence.
    checks: tuple[tuple[str, bool, str], ...] = ()
    #: Whether something takes connections there, or none are refused, and nothing is said.
    hangs: bool = False

    @property
    def sentence(self) -> str:
        """In a few words."""
        wrong = [detail for _, ok, detail in self.checks if not ok]
        return self.away or (f"not ready: {'; '.join(wrong)}" if wrong else "ready")


def ask_ready(url: str) -> Ready:
    """Ask the API at this URL; answers within three seconds."""
    try:
        response = httpx.get(f"{url}/ready", timeout=ANSWER_S)
        checks = response.json()["checks"].items()
        return Ready("", tuple((name, bool(check["ok"]), str(check["detail"])) for name, check in checks))
    except httpx.TimeoutException:
        return Ready(f"does not answer within {ANSWER_S:g} s", hangs=True)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Ready(f"does not answer: {reason_of(error)}")
    except (ValueError, KeyError, TypeError, AttributeError):
        return Ready(f"answers {response.status_code}, but is no API of ours")
