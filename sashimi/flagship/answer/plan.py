"""The planner: which actions a prompt asks for, each judged by itself, over the whole catalogue.

Copying and decoding know the actions that training programs have. A name says what its action does,
also where no program shows it: the planner weighs the neighbours' votes for an action together with
the likeness of its name to the prompt (zero-shot classification by label names; Chang et al. 2008,
"Importance of Semantic Representation: Dataless Classification"). One small network judges every
action from eleven numbers, so that it has nothing to learn about any action in particular. It is
trained as it is used: once with a prompt's own program left out of the votes, once with all
programs of its skeleton left out.

Letters: Q queries, N training prompts, A actions, C candidate actions of one prompt, E encoder
width, F features.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from sashimi.encode import encode
from sashimi.flagship.answer.choose import COMMENT, Form
from sashimi.flagship.answer.library import CHUNK, Library

NEAR = 40
"""Neighbours that vote for actions."""
SHARP, WIDE = 0.03, 0.08
"""Temperatures of two softmaxes over neighbours' similarities."""
LIKE = 10
"""Actions that are judged for their names alone, by letters and by meaning."""
RARE = 0.004
"""Share of the wide vote from which an action is judged."""
WORDS = 3
"""Last words of a name that its meaning is read from; before them stands who made the app."""
FEATURES = 11
HIDDEN = 32
STEPS, BATCH, RATE, DECAY = 2000, 1024, 5e-3, 0.02
QUERIES = 2000
"""Training prompts that the planner learns from, at most."""


@dataclass(frozen=True)
class Plan:
    """Tokens of the actions that a prompt may ask for, the likeliest first, and their chances."""

    actions: tuple[str, ...]
    chances: tuple[float, ...]


class Judge(nn.Module):
    """Features (C, F) of actions to the log-odds (C,) that each is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("spread", torch.ones(FEATURES))
        self.layers = nn.Sequential(
            nn.Linear(FEATURES, HIDDEN),
            nn.GELU(),
            nn.Linear(HIDDEN, HIDDEN),
            nn.GELU(),
            nn.Linear(HIDDEN, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        return self.layers((features - self.mean) / self.spread).squeeze(-1)


class Planner:
    """Prompts to plans, from what a library's programs use and what actions are called."""

    def __init__(self, library: Library, forms: Sequence[Form], names: Sequence[str]) -> None:
        """``forms`` are those of the library's programs; ``names`` the catalogue's, short."""
        self.library, self.judge = library, Judge().eval()
        used = {action for form in forms for action in form.actions}
        self.actions = sorted((used | {f"ACTION {name}" for name in names}) - {COMMENT})
        at = {action: i for i, action in enumerate(self.actions)}
        pairs = [(row, at[a]) for row, f in enumerate(forms) for a in dict.fromkeys(f.actions)]
        rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
        shape = len(forms), len(self.actions)
        ones = np.ones(len(pairs), dtype=np.float32)
        self.used = csr_matrix((ones, (rows, columns)), shape)  # (N, A)
        skeletons = {form.skeleton: i for i, form in enumerate(forms)}
        self.skeletons = np.array([skeletons[form.skeleton] for form in forms])

    @cached_property
    def letters(self) -> TfidfVectorizer:
        """Runs of three to five letters within words, of names and training prompts."""
        reader = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
        return reader.fit([*map(words_of, self.actions), *self.library.prompts])

    @cached_property
    def spelt(self) -> csr_matrix:
        """(A, letters) what the names consist of."""
        return self.letters.transform([words_of(action) for action in self.actions])

    @cached_property
    def meanings(self) -> np.ndarray:
        """(A, E) the encoder's vectors of the names' last two words."""
        shorter = [" ".join(words_of(action).split()[-WORDS:]) for action in self.actions]
        return encode(shorter).pooled.numpy()

    def plans(
        self, prompts: Sequence[str], vectors: np.ndarray, similar: np.ndarray
    ) -> Iterator[Plan]:
        """The plan of each prompt; ``vectors`` (Q, E), ``similar`` (Q, N) as `Index` has it."""
        prior = np.asarray(self.used.mean(0))[0]
        for at, features in self._features(prompts, vectors, similar, [prior] * len(prompts)):
            with torch.no_grad():
                chances = torch.sigmoid(self.judge(torch.from_numpy(features))).numpy()
            order = np.argsort(-chances, kind="stable")
            names = tuple(self.actions[at[i]] for i in order)
            yield Plan(names, tuple(float(chances[i]) for i in order))

    def fit(self, seed: int) -> None:
        """Trains the judge on the library's own prompts; the caller's random numbers stay."""
        rng = np.random.default_rng(seed)
        rows = np.sort(rng.permutation(len(self.library))[:QUERIES])
        lessons = [self.lessons(rows, kin) for kin in (self.library.programs, self.skeletons)]
        features, asked = (np.concatenate(parts) for parts in zip(*lessons, strict=True))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.judge = _trained(torch.from_numpy(features), torch.from_numpy(asked))

    def lessons(self, rows: np.ndarray, kin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features (C of all, F) of training prompts whose kin are left out, and what is asked."""
        library, features, asked = self.library, [], []
        totals = np.asarray(self.used.sum(0))[0]
        for begin in range(0, len(rows), CHUNK):
            part = rows[begin : begin + CHUNK]
            prompts = [library.prompts[i] for i in part]
            similar = library.index.similarity(prompts, library.vectors[part])
            own = kin[part, None] == kin[None]  # (Q, N)
            similar[own] = -np.inf
            left = totals - own.astype(np.float32) @ self.used  # (Q, A)
            prior = left / np.maximum(1, len(library) - own.sum(1))[:, None]
            found = self._features(prompts, library.vectors[part], similar, prior)
            for row, (at, one) in zip(part, found, strict=True):
                features.append(one)
                asked.append(self.used[row].toarray()[0][at])
        return np.concatenate(features), np.concatenate(asked)

    def _features(
        self,
        prompts: Sequence[str],
        vectors: np.ndarray,
        similar: np.ndarray,
        prior: Sequence[np.ndarray],
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """For each prompt the actions (C,) that are judged, and their features (C, F).

        Those with votes, and those whose names are likest; ``prior`` (Q, A) is the share of
        training programs that have each. A similarity of -inf leaves a training prompt out.
        """
        letters = (self.letters.transform(prompts) @ self.spelt.T).toarray()  # (Q, A)
        meaning = vectors @ self.meanings.T
        for row, share, by_letter, by_sense in zip(similar, prior, letters, meaning, strict=True):
            near = np.argsort(-row, kind="stable")[:NEAR]
            near = near[np.isfinite(row[near])]
            uses = self.used[near].toarray()  # (NEAR, A)
            best = row[near[0]] if len(near) else 0.0
            sharp, wide = (_share(row[near] - best, t) @ uses for t in (SHARP, WIDE))
            closest = (uses * row[near, None]).max(0, initial=0.0)
            likest = [np.argpartition(-likeness, LIKE)[:LIKE] for likeness in (by_letter, by_sense)]
            at = np.unique(np.concatenate([np.flatnonzero(wide > RARE), *likest]))
            columns = [sharp[at], wide[at], closest[at], by_letter[at], by_sense[at]]
            columns += [by_letter[at] - by_letter.max(), by_sense[at] - by_sense.max()]
            columns += [np.log(share[at] + 1e-4), closest[at] - best]
            columns += [np.full(len(at), best), np.log1p(self._runs[at])]
            yield at, np.stack(columns, 1).astype(np.float32)

    @cached_property
    def _runs(self) -> np.ndarray:
        """(A,) how many runs of letters each name has: a short name is alike by chance."""
        return self.spelt.getnnz(1)


def words_of(action: str) -> str:
    """The words of an action's name: ``ACTION com.apple.Notes.CreateNoteIntent`` has five."""
    name = action.removeprefix("ACTION ").replace("is.workflow.actions.", "")
    parted = re.sub(r"[._-]+", " ", name)
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", parted)
    return re.sub(r"\bIntent\b", "", parted).strip() or name


def expected_f1(actions: Sequence[str], plan: Plan) -> float:
    """What the F1 of a program's actions is expected to be, were actions independent.

    2 Σ p over its actions, divided by their number and the expected number of those asked for: the
    ratio of expectations (Ye et al. 2012, "Optimizing F-measures: A Tale of Two Approaches").
    """
    chances = dict(zip(plan.actions, plan.chances, strict=True))
    distinct = dict.fromkeys(actions)
    total = len(distinct) + sum(plan.chances)
    return 2 * sum(chances.get(action, 0.0) for action in distinct) / total if total else 0.0


def _share(gaps: np.ndarray, temperature: float) -> np.ndarray:
    raised = np.exp(gaps / temperature)
    return raised / raised.sum() if len(raised) else raised


def _trained(features: Tensor, asked: Tensor) -> Judge:
    """A judge of features (n, F) and answers (n,), at a rate that rises and falls."""
    judge = Judge()
    judge.mean, judge.spread = features.mean(0), features.std(0) + 1e-6
    optimiser = torch.optim.AdamW(judge.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, STEPS)
    for _ in range(STEPS):
        batch = torch.randint(len(features), (BATCH,))
        loss = binary_cross_entropy_with_logits(judge(features[batch]), asked[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return judge.eval()
