from localorg.control.faults import Fault, Faults


def test_a_fault_happens_as_often_as_planned() -> None:
    faults = Faults()
    faults.plan(Fault(kind="http", count=2, status=503))
    assert [faults.take_http("/a") is not None for _ in range(3)] == [True, True, False]


def test_a_fault_waits_for_a_path_that_fits() -> None:
    faults = Faults()
    faults.plan(Fault(kind="http", path="/limits"))
    assert faults.take_http("/services/data/v66.0/sobjects") is None
    assert faults.take_http("/services/data/v66.0/limits") is not None


def test_a_job_fault_is_none_of_http() -> None:
    faults = Faults()
    faults.plan(Fault(kind="bulk_job_failed", error_message="no"))
    assert faults.take_http("/") is None
    taken = faults.take_bulk_job_failure()
    assert taken is not None
    assert taken.error_message == "no"
