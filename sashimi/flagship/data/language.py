"""Which prompts cannot be read: another language, another script, or no words. No torch.

A word counts as known when the encoder's vocabulary, made from English text, holds it whole, and it
is no frequent word of another language. Names, typos and product words are not known either, so
only a prompt of which little is known is turned away.
"""

from __future__ import annotations

import re
import unicodedata

from sashimi.pieces import tokenizer


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LATIN = 0.7
"""Share of a prompt's letters that are Latin, at least."""
KNOWN = 0.5
"""Share of a prompt's words that are known, at least, where one of another language stands."""
SOME = 0.2
"""The same where none does, in prompts of three words or more: typos are forgiven."""
BROKEN = 3
"""Word pieces into which a known language's unknown word falls, at most, where it stands alone."""
FOREIGN = _words(
    """
    auf aus bei bitte das dass dem den der ein eine einem einen einer es für ich im ist kein mein
    meine meinen mich mir mit nach nicht oder schalte sich sie um und uns vom von wann was wenn wie
    zu zum zur uhr
    al como con cuando de del desde el ella en es esta este la las lo los mi mis para pero pon por
    que se sin su sus un una uno y ya
    au aux avec ce cette dans des du elle est et il je le les leur ma mes moi mon ne nous ou pas
    plus pour qui sa ses si sur tu une vous à
    alla alle che ci da dal della delle di e gli ho il mio nel nella non per più poi quando sono
    sul sulla
    ao aos as com dos ele em eu já meu minha na nas não o os ou para pela pelo quando sem seu sua
    uma
    aan een en het hoe ik je mijn naar niet om ook op te uit van voor wat zet
    """
)
"""Frequent words of German, Spanish, French, Italian, Portuguese and Dutch."""
ENGLISH = _words("as das en es die was den see op se no in on do si ma plus o e y")
"""Of these the ones that English prompts hold too."""

BEGINS = _words(
    """
    mach mache schalt schalte stell stelle spiel spiele ruf rufe schreib schreibe sende schick
    schicke zeig zeige erinnere erinner wecke weck starte oeffne offne licht wecker musik nachricht
    wetter bildschirm taschenlampe helligkeit lautstarke termin
    allume eteins rappelle ajoute envoie appelle ouvre joue lance reveille cree baisse augmente
    reveil minuteur lumiere musique meteo
    apaga enciende manda llama abre ponme recuerdame anade activa desactiva luz alarma mensaje
    accendi spegni metti chiama apri suona ricordami aggiungi sveglia luce
    liga desliga acende toca lembra adiciona zet doe speel stuur herinner voeg wekker
    """
)
"""How requests to a phone begin in these languages and never do in English; without accents."""

FAMILIAR = _words(
    """
    airdrop airplay bluetooth camera celsius clipboard decode delete dictate encode facetime
    fahrenheit flashlight hotspot kilos lofi magnifier playlist podcast reddit screenshot selfie
    shuffle snooze spotify summarize todoist toggle txt uppercase lowercase vibrate voiceover vpn
    whatsapp wifi youtube
    """
)
"""What people say to a phone and an encyclopedia seldom does."""


_ADDRESS_OR_QUOTE = re.compile(
    r"\S+(?:://|@|\.[a-z]{2,}/)\S*|\S+\.[a-z]{2,}(?=[\s.,;:!?]|$)|[“\"„][^”“\"]*[”“\"]",
    re.IGNORECASE,
)


def unreadable(prompt: str) -> str:
    """Why a prompt is not answered, in words; ``""`` for one that can be read."""
    letters = [c for c in prompt if c.isalpha()]
    if not letters:
        return "no words: say in an English sentence what the shortcut should do"
    latin = sum(unicodedata.name(c, "").startswith("LATIN") for c in letters) / len(letters)
    if latin < LATIN:
        return f"not in English: {latin:.0%} of its letters are Latin"
    encoded = tokenizer().encode(_spoken(prompt), add_special_tokens=False)
    pieces: dict[int, list[str]] = {}
    for word, piece in zip(encoded.word_ids, encoded.tokens, strict=True):
        pieces.setdefault(word, []).append(piece)
    words = [own for own in pieces.values() if own[0].isalpha()]
    if not words:
        return ""
    spelt = ["".join(piece.removeprefix("##") for piece in own) for own in words]
    if (
        len(words) == 1
        and spelt[0] not in BEGINS
        and len(words[0]) > BROKEN
        and spelt[0] not in FAMILIAR
    ):
        return "no known word"
    if spelt[0] in BEGINS:
        return f"not in English: it begins with {spelt[0]!r}"
    foreign = [word in FOREIGN - ENGLISH for word in spelt]
    pairs = zip(words, spelt, strict=True)
    whole = [len(own) == 1 or word in FAMILIAR for own, word in pairs]
    known = sum(w and not f for w, f in zip(whole, foreign, strict=True)) / len(words)
    if known < (KNOWN if any(foreign) else SOME * (len(words) > 2)):
        return f"not in English, or no words: {known:.0%} of its words are known"
    return ""


def _spoken(prompt: str) -> str:
    """The prompt without addresses and what stands in quotes, which may be in any language."""
    bare = _ADDRESS_OR_QUOTE.sub(" ", prompt)
    return bare if any(c.isalpha() for c in bare) else prompt
