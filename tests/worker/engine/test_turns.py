import threading
from contextlib import ExitStack

from hypothesis import given
from hypothesis import strategies as st

from worker.engine.contract import Priority
from worker.engine.turns import TURNS_PASSED_OVER, Ticket, Turns


def granted(*tickets: Ticket) -> list[bool]:
    return [ticket.is_granted for ticket in tickets]


def test_a_free_place_is_given_at_once_and_a_taken_one_when_it_is_given_back() -> None:
    turns = Turns(1)
    first, second = turns.line_up(Priority.INTERACTIVE), turns.line_up(Priority.INTERACTIVE)
    assert granted(first, second) == [True, False]
    turns.give_back()
    assert granted(second) == [True]


def test_interactive_work_comes_first() -> None:
    turns = Turns(1)
    turns.line_up(Priority.EVALUATION)
    evaluation, interactive = turns.line_up(Priority.EVALUATION), turns.line_up(Priority.INTERACTIVE)
    turns.give_back()
    assert granted(evaluation, interactive) == [False, True]


def test_within_a_priority_the_oldest_work_comes_first_whenever_it_lined_up() -> None:
    turns = Turns(1)
    turns.line_up(Priority.INTERACTIVE)
    younger, older = turns.line_up(Priority.INTERACTIVE, since=2.0), turns.line_up(Priority.INTERACTIVE, since=1.0)
    turns.give_back()
    assert granted(younger, older) == [False, True]


def test_evaluation_work_is_slowed_down_by_interactive_work_and_never_stopped() -> None:
    turns = Turns(1)
    turns.line_up(Priority.INTERACTIVE)
    evaluation = turns.line_up(Priority.EVALUATION)
    for number in range(TURNS_PASSED_OVER + 1):
        assert not evaluation.is_granted, number
        turns.line_up(Priority.INTERACTIVE)
        turns.give_back()
    assert evaluation.is_granted


def test_a_withdrawn_ticket_takes_no_turn() -> None:
    turns = Turns(1)
    turns.line_up(Priority.INTERACTIVE)
    withdrawn, next_one = turns.line_up(Priority.INTERACTIVE), turns.line_up(Priority.INTERACTIVE)
    turns.withdraw(withdrawn)
    turns.give_back()
    assert withdrawn.wait() is False
    assert next_one.wait() is True


def test_withdrawing_what_was_granted_changes_nothing() -> None:
    turns = Turns(1)
    ticket = turns.line_up(Priority.INTERACTIVE)
    turns.withdraw(ticket)
    assert ticket.wait() is True


@given(st.integers(1, 4), st.lists(st.sampled_from(["interactive", "evaluation", "withdraw", "give back"])))
def test_no_more_turns_than_places_and_no_free_place_while_somebody_waits(places: int, steps: list[str]) -> None:
    turns = Turns(places)
    tickets: list[Ticket] = []
    given_back = 0
    for step in steps:
        if step == "give back":
            if sum(granted(*tickets)) > given_back:
                turns.give_back()
                given_back += 1
        elif step == "withdraw":
            if waiting := [ticket for ticket in tickets if not ticket.is_over.is_set()]:
                turns.withdraw(waiting[len(waiting) // 2])
        else:
            tickets.append(turns.line_up(Priority[step.upper()]))
        held = sum(granted(*tickets)) - given_back
        assert held + turns.free == places
        assert not turns.free or all(ticket.is_over.is_set() for ticket in tickets)


def test_threads_take_turns() -> None:
    turns, inside, most = Turns(2), [0], [0]
    lock = threading.Lock()

    def work() -> None:
        for _ in range(50):
            with turns.turn(Priority.INTERACTIVE):
                with lock:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                with lock:
                    inside[0] -= 1

    with ExitStack() as ended:
        for _ in range(8):
            thread = threading.Thread(target=work)
            thread.start()
            ended.callback(thread.join)
    assert most[0] <= 2
    assert turns.free == 2
