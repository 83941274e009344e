"""Prompts that cannot be read are told from English ones, short ones too."""

import pytest

from sashimi.flagship import people
from sashimi.flagship.data.language import BEGINS, unreadable


@pytest.mark.parametrize(
    "prompt",
    [
        *("mach das licht an", "licht an", "wetter morgen", "ruf mama an", "Nachricht an Mama"),
        *("allume la lampe", "éteins le wifi", "réveil à 7h", "rappelle moi demain"),
        *("pon una alarma", "manda mensaje a mama", "accendi la luce", "zet de wekker"),
    ],
)
def test_short_requests_in_another_language_are_not_read(prompt):
    assert unreadable(prompt).startswith("not in English")


def test_no_request_of_people_is_taken_for_another_language():
    frozen = [item.prompt for item in people.test()]
    assert [prompt for prompt in frozen if unreadable(prompt)] == []
    begins = {prompt.lower().split()[0].strip(",:") for prompt in frozen}
    assert not begins & BEGINS


@pytest.mark.parametrize("prompt", ["", "42", "!!", "你好"])
def test_what_holds_no_words_says_so(prompt):
    assert unreadable(prompt)


@pytest.mark.parametrize("prompt", ["open github.com.", "open github.com", "show me example.org"])
def test_an_address_is_no_word_of_another_language(prompt):
    assert unreadable(prompt) == ""
