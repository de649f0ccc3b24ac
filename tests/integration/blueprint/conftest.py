"""An org to sign in to, for the tests that need one."""

from integration.connections.conftest import org, org_process

__all__ = ["org", "org_process"]
