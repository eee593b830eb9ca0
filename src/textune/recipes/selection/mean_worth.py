"""The mean of the folds' models answers the texts that they learned from: is it a model at all?

Models that began with the same weights and went far from them can have a mean that answers nothing
(Frankle et al., 2020, call it a barrier between them).
"""

from textune.corpora.corpus import Corpus
from textune.encoder.model import Encoder
from textune.evaluation import evaluate, preferring
from textune.objectives.labelled import Labelled
from textune.recipes.selection import averaged, out_of_fold, refitted
from textune.recipes.selection.averaged import Mean
from textune.recipes.selection.out_of_fold import Logits
from textune.recipes.selection.refitted import Refit
from textune.records import LinearHead
from textune.training.learner import Learner


def is_sound(
    learner: Learner,
    corpus: Corpus,
    encoder: Encoder,
    mean: Mean,
    logits: Logits,
    head: LinearHead | None,
) -> bool:
    """Tell whether the mean answers texts of training no worse than models that never saw them.

    By the rule by which fine-tuning is compared with the frozen encoder: chance moves both. Where
    no mean is wanted, nothing is computed.

    Args:
        learner: Of all texts.
        corpus: Without validation texts.
        encoder: Of these models; afterwards it has the weights of the mean.
        mean: Of the weights of the folds' models.
        logits: What these said of the items of each text while it was held out; (I, C), NaN of
            those never held out.
        head: Where the heads of these were fitted anew.
    """
    if not learner.settings.train.average:
        return True
    assert isinstance(learner.objective, Labelled)
    rows = corpus.split.train
    averaged.blend(encoder, mean.weights(), share=1.0)
    if head is not None:
        refit, task = Refit(head.reads_names), learner.objective.task
        given = {"seed": learner.settings.seed, "micro_tokens": learner.micro_tokens}
        refitted.install(encoder, corpus, task, rows, refit, **given)
    encoder.release()
    found = evaluate.score(
        encoder,
        corpus.task,
        corpus.store,
        rows,
        decision=corpus.task.default_decision(),
        micro_tokens=learner.micro_tokens,
    )
    is_judged = out_of_fold.is_answered(corpus, logits)
    ours, theirs = (out_of_fold.scores(corpus, one, is_judged) for one in (found.logits, logits))
    return preferring.is_better(corpus.task, learner.objective.metric, ours[0], *theirs)
