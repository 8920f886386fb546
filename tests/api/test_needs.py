"""The API's image holds neither models nor numerics, and need not."""

import subprocess
import sys


def test_the_api_is_imported_without_numpy() -> None:
    check = "import sys, api.app; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True, timeout=60)
