import pytest

from isthmus.domain.roles import Right, Role, may

EXPECTED = {
    Role.VIEWER: {Right.LOOK},
    Role.EDITOR: {Right.LOOK, Right.EDIT},
    Role.ADMINISTRATOR: {Right.LOOK, Right.EDIT, Right.ADMINISTER},
    None: set[Right](),
}


@pytest.mark.parametrize("role", [*Role, None])
def test_each_role_may_do_what_the_ones_before_it_may_and_more(role: Role | None) -> None:
    assert {right for right in Right if may(role, right)} == EXPECTED[role]
