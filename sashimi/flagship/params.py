"""The knobs of the flagship and its evidence; ``params/<study>/00_full.yaml`` states them all."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sashimi.params import Params

Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""What numpy takes as well as torch."""
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class CorpusParams(Params):
    """What every study of a corpus is told."""

    seed: Seed
    corpus: str
    """``builtin``, ``people``, ``spoken`` (an endless stream of both), or a path to JSONL in
    ShortcutForge's form: a file or a folder."""
    limit: Count | None
    """Training examples to keep; null keeps all."""


class Trains(Params):
    """What the training loop is told: `sashimi.train.Schedule` has the meanings."""

    batch_size: Count
    steps: Count
    """Batches to train on: the same work on a small corpus, which is gone through more often."""
    learning_rate: Positive
    warmup: Share
    """Fraction of the run over which the learning rate rises."""
    weight_decay: Annotated[float, Field(ge=0)]
    gradient_clip: Positive
    checkpoint_every: Count
    observations: Count
    """Checkpoints of the trajectory: how often dev is looked at in a run."""


class FlagshipParams(CorpusParams, Trains):
    """One run of the flagship."""

    output: Literal["typed", "text"]
    """What the decoder writes: tokens of the typed IR under masks, or the program's text freely."""
    encoder: str
    """MiniLM as it is (``frozen``), with little beside its last blocks trained along (``adapted``)
    or with its last block trained along (``fine_tuned``), a small encoder from nothing
    (``scratch``), or a SentenceTransformer as it is, by its folder or its name."""
    memory: Literal["tokens", "pooled"]
    """What the decoder attends to: the prompt's token vectors, or its one pooled vector."""
    neighbours: Annotated[int, Field(ge=0)]
    """Programs of the most similar training prompts that join the decoder's memory."""
    candidates: Count
    """Programs that a prompt's answer is chosen from: 1 takes the decoder's greedy one."""
    planned: Annotated[bool, Field(default=False, exclude_if=lambda planned: not planned)]
    """Whether programs put together from planned actions are candidates too. Unset, it is no part
    of a run's digest: results from before this knob existed stay what they are."""
    intent_width: Count
    bridge_width: Count
    """Width of the bottleneck between intent and decoder."""
    decoder_width: Count
    decoder_layers: Count
    decoder_heads: Count
    ternary: bool
    ternary_start: Share
    """Fraction of the run at which the first layer becomes ternary."""
    ternary_end: Share
    """Fraction of the run from which every layer is ternary."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    weight_decay_until: Share
    """Fraction of the run after which nothing decays (BitNet b1.58's second stage); 1 keeps it."""
    start: str
    """A row whose finished run of this seed and corpus lends its weights at first; "" for none."""
    teachers: str
    """Rows whose finished runs of this seed and corpus teach this one, averaged: names and commas;
    "" for none."""
    teacher_weight: Share
    """Share of the token loss that is the teachers'; the rest is the truth's."""
    teacher_temperature: Positive
    negatives: Literal["none", "perturbed", "adversarial"]
    """Hard negatives of the margin: perturbed programs, or also a trained model's wrong beams."""
    margin: Positive
    """Nats by which a program's log-likelihood should exceed its negative's."""
    margin_weight: Annotated[float, Field(ge=0)]
    """Of the margin beside the tokens and values, which weigh 1."""
    repair_weight: Annotated[float, Field(ge=0)]
    """Of the repair-weighted token loss beside them."""
    domain_precision: Share
    """Precision that the domain head's threshold is set to reach on dev."""
    optimizer: Literal["adamw", "muon"]
    """What moves the weight matrices; all else is AdamW's."""
    passes: Count
    """Times that each example of an endless stream is shown while it is at hand."""
    curated: Annotated[str, Field(default="", exclude_if=lambda curated: not curated)]
    """A file of weights by which an endless stream's structures are drawn; "" draws them alike, and
    is no part of a run's digest: results from before this knob existed stay what they are."""

    @model_validator(mode="after")
    def _consistent(self) -> FlagshipParams:
        if self.decoder_width % self.decoder_heads:
            raise ValueError(
                f"decoder_width {self.decoder_width} is no multiple of "
                f"decoder_heads {self.decoder_heads}"
            )
        if self.ternary_start > self.ternary_end:
            raise ValueError(
                f"ternary_start {self.ternary_start} is after ternary_end {self.ternary_end}"
            )
        typed_only = {
            "neighbours": self.neighbours > 0,
            "candidates": self.candidates > 1,
            "teachers": self.teachers != "",
            "negatives": self.negatives != "none",
        }
        wrong = [name for name, used in typed_only.items() if used]
        if self.corpus == "spoken" and (self.neighbours or self.negatives != "none"):
            raise ValueError("an endless stream has no neighbours and no negatives: set 0 and none")
        if self.curated and self.corpus != "spoken":
            raise ValueError("curated weighs an endless stream: set corpus to spoken")
        if self.planned and self.candidates == 1:
            raise ValueError("planned programs need candidates to be chosen among: set candidates")
        if self.output == "text" and wrong:
            raise ValueError(f"output text goes without {', '.join(wrong)}: they need typed tokens")
        return self


class NegativesParams(CorpusParams):
    """One set of hard negatives; ``params/negatives/00_full.yaml`` states every value."""

    synthetic_each: Count
    """Perturbed programs an example, at most: a small program has room for few."""
    run: str
    """A trained run's folder, whose wrong beams become negatives; "" for none."""
    prompts: Count
    """Training examples that the run is given, beside all of evaluation."""
    width: Count
    """Beams of a prompt."""


class LanguageParams(CorpusParams):
    """One look at the language; ``params/language/00_full.yaml`` states every value."""

    each: Count
    """Broken programs of each kind."""
    files: str
    """A folder of real Shortcuts to survey; empty: some of the corpus' own programs as files."""


class EncoderParams(CorpusParams):
    """One look at the encoder; ``params/encoder/00_full.yaml`` states every value."""

    programs: Count
    """Training programs to look at, those with several prompts first."""
    map_prompts: Annotated[int, Field(ge=0)]
    """Prompts on the map; 0 draws none, which spares a minute."""
    neighbours: Annotated[int, Field(ge=2)]
    """Neighbours of a prompt that the map tries to keep."""


class VocabularyParams(CorpusParams):
    """One look at the vocabulary; ``params/vocabulary/00_full.yaml`` states every value."""

    orders: Count
    """Random orders of the training programs that the growth curve is averaged over."""
    points: Count
    """Sizes of the growth curve: all programs, half of them, a quarter…"""


class DomainParams(CorpusParams):
    """One contest of the domain heads; ``params/domain/00_full.yaml`` states every value."""

    train_each: Count
    """Prompts of either side that the heads are fitted on, at most."""
    epochs: Count
    """Times that the head on word pieces goes through them."""
    precision: Share
    """What the decision rule asks of precision; thresholds are set to reach it on dev."""
    recall: Share
    """What the decision rule asks of recall."""


class ToyParams(Params):
    """The toy problem; ``params/toy/00_full.yaml`` states every value. It has no corpus."""

    seed: Seed
    """The first of the seeds, which draw tasks and networks."""
    seeds: Count
    prompts: Count
    """Prompts of random tokens that are memorised."""
    compositional_prompts: Count
    """Prompts whose tokens can be told from their vectors, of several tasks in turn."""
    held_out: Count
    """Prompts more that are not learned."""
    width: Count
    """Of the vectors, and of the network's one layer."""
    iterations: Count
    compositional_iterations: Count
    batch_size: Count
    learning_rate: Positive


class SkeletonParams(CorpusParams):
    """The Tier 1 decoder; ``params/skeleton/00_full.yaml`` states every value.

    ``seed`` is the first of the networks' seeds; the oracle's directions are those of seed 0.
    """

    seeds: Count
    """Of each configuration from the oracle's vectors."""
    encoder_seeds: Count
    """Of those that read the encoder's vectors."""
    evaluated: Count
    """Examples of each evaluation split, at most."""
    noise: Annotated[float, Field(ge=0)]
    """Length of the noise that is added to the oracle's unit vectors."""
    layers: Count
    plan_iterations: Count
    plan_batch_size: Count
    plan_learning_rate: Positive
    plan_width: Count
    """The plan's configuration."""
    learning_rates: Annotated[list[Positive], Field(min_length=1)]
    """The sweep: rates in the plan's place, then each of the others alone at the best rate."""
    iterations: list[Count]
    batch_sizes: list[Count]
    widths: list[Count]


class PeerParams(CorpusParams, Trains):
    """One outside peer beside the floors and our rows; ``params/peer/00_full.yaml`` states all."""

    reads_states: bool
    """Whether it reads the frozen encoder's states, as ours does, or the prompt's own tokens."""
    vocabulary: Annotated[int, Field(ge=300)]
    """Tokens of prompts and texts together, at most."""
    longest: Annotated[int, Field(ge=2, lt=512)]
    """Tokens of a text, its end included; what is longer is cut."""
    width: Count
    layers: Count
    """Of the encoder, and as many of the decoder."""
    heads: Count
    dropout: Annotated[float, Field(ge=0, lt=1)]

    @model_validator(mode="after")
    def _divides(self) -> PeerParams:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
        return self
