from tests.latest.resilience.test_state_machine import play


def test_more(warm, sim, tmp_path):
    play(warm, sim, tmp_path, examples=25, steps=8)
