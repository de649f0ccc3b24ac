"""The fixtures that other projects' tests use, tried in a project of their own."""

import pytest

pytest_plugins = ["pytester"]

CONFTEST = 'pytest_plugins = ["localorg.pytest_plugin"]\n'


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project whose tests may use the fixtures."""
    pytester.makeconftest(CONFTEST)
    return pytester


def _passed(project: pytest.Pytester, count: int) -> None:
    project.runpytest_subprocess("-p", "no:randomly", "-W", "error").assert_outcomes(passed=count)


def test_each_test_finds_the_org_as_new(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        LEADS = "/services/data/v66.0/query?q=SELECT+LastName+FROM+Lead"

        def _add(org):
            assert org.call("GET", LEADS)["totalSize"] == 0
            lead = {"LastName": "Curie", "Company": "Sorbonne"}
            created = org.call("POST", "/services/data/v66.0/sobjects/Lead", lead)
            assert created["success"]
            assert org.call("GET", LEADS)["totalSize"] == 1
            org.control("POST", "faults", {"kind": "http", "status": 503, "path": "/limits"})
            return created["id"]

        seen = []

        def test_one(localorg_org):
            seen.append((localorg_org.url, _add(localorg_org)))

        def test_two(localorg_org):
            assert localorg_org.requests() == []
            assert "DailyApiRequests" in localorg_org.call("GET", "/services/data/v66.0/limits")
            assert (localorg_org.url, _add(localorg_org)) == seen[0]
        """
    )
    _passed(project, 2)


def test_the_configuration_says_what_a_new_org_has(project: pytest.Pytester) -> None:
    project.makeini(
        """
        [pytest]
        localorg_leads = 7
        localorg_seed = 3
        localorg_setup = org.yaml
        """
    )
    (project.path / "org.yaml").write_text(
        "objects:\n  Thing__c:\n    label: Thing\n    fields:\n"
        "      - {name: Size__c, type: double}\n"
    )
    project.makepyfile(
        """
        API = "/services/data/v66.0"

        def test_size(localorg_org):
            soql = "SELECT+COUNT()+FROM+Lead"
            assert localorg_org.call("GET", f"{API}/query?q={soql}")["totalSize"] == 7
            described = localorg_org.call("GET", f"{API}/sobjects/Thing__c/describe")
            assert "Size__c" in {field["name"] for field in described["fields"]}
        """
    )
    _passed(project, 1)


def test_a_fixture_says_what_a_new_org_has(project: pytest.Pytester) -> None:
    project.makeconftest(
        CONFTEST
        + """
import pytest
from localorg.testing import LocalOrgSettings

@pytest.fixture(scope="session")
def localorg_settings():
    return LocalOrgSettings(contacts=3)
"""
    )
    project.makepyfile(
        """
        def test_size(localorg_org):
            soql = "SELECT+COUNT()+FROM+Contact"
            answer = localorg_org.call("GET", f"/services/data/v66.0/query?q={soql}")
            assert answer["totalSize"] == 3
        """
    )
    _passed(project, 1)


def test_a_wrong_number_is_explained(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\nlocalorg_leads = many\n")
    project.makepyfile("def test_org(localorg_org): pass")
    result = project.runpytest_subprocess()
    result.stdout.fnmatch_lines(["*localorg_leads is 'many'; it has to be a whole number*"])


def test_an_org_that_does_not_start_is_explained(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\nlocalorg_setup = missing.yaml\n")
    project.makepyfile("def test_org(localorg_org): pass")
    result = project.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*`localorg serve` ended before it was ready.*"])


def test_the_product_does_without_pytest() -> None:
    import subprocess
    import sys

    program = "import sys, localorg.cli, localorg.server; sys.exit('pytest' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
