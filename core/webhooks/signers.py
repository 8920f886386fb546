"""Whose secret signs what: each key's events have secrets of their own, so that nobody can pass one off as another's.

They are derived from the deployment's. Those sign as they are what belongs to nobody, and no key's consumer gets them.
"""

from dataclasses import dataclass
from typing import Self

from core.settings.groups import SigningSettings
from core.webhooks.signing import Keyring


@dataclass(frozen=True, slots=True)
class Signers:
    """Secrets of the deployment, as far as this process has them."""

    #: What the secrets of owners are derived from; as they are, they sign what belongs to nobody.
    own: Keyring
    #: What consumers of several keys know from before: they sign everything as they are, beside the others.
    shared: Keyring

    @classmethod
    def of(cls, signing: SigningSettings) -> Self:
        """Those of the settings. Raise SettingsInvalid for what is none."""
        shared = signing.shared_secrets.get_secret_value() if signing.shared_secrets else ""
        return cls(Keyring.of(signing) or Keyring(()), Keyring.parse(shared, setting="LIKENESS_WEBHOOK_SHARED_SECRETS"))

    def for_owner(self, owner: str | None) -> Keyring:
        """Everything that signs this owner's events; empty where nothing can. None: what belongs to nobody."""
        return Keyring((*(self.own if owner is None else self.own.of_owner(owner)).keys, *self.shared.keys))
