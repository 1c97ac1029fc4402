"""What pruners would have saved in studies that were recorded without one, and whether they keep the best trial.

Each study is a folder of `seqtag tune --pruner none`. Its trials are replayed in order, epoch by epoch, against each
pruner, which sees of the others what it would have seen; the settings as given are not pruned.
"""

from pathlib import Path
from typing import Any

import common


def recorded(folder: Path) -> list[tuple[bool, dict[int, float], float]]:
    """Of each trial: whether it may be pruned, its gain after each epoch, and the gain of its best epoch."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(folder / "study.log")))
    (summary,) = optuna.get_all_study_summaries(storage)
    trials = optuna.load_study(study_name=summary.study_name, storage=storage).get_trials(deepcopy=False)
    return [
        (trial.user_attrs.get("role") is None, dict(trial.intermediate_values), float(trial.value or 0.0))
        for trial in trials
        if trial.state.name == "COMPLETE" and trial.user_attrs.get("role") in (None, "own", "again")
        if trial.intermediate_values
    ]


def replayed(trials: list[tuple[bool, dict[int, float], float]], pruner: Any) -> tuple[int, float]:
    """The epochs that are trained with a pruner, and the best gain of a trial that it lets end."""
    import optuna

    study = optuna.create_study(
        direction="maximize", pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=1)
    )
    trained, best = 0, float("-inf")
    for prunable, gains, final in trials:
        trial = study.ask()
        pruned = False
        for epoch in sorted(gains):
            trained += 1
            trial.report(gains[epoch], epoch)
            if prunable and trial.should_prune():
                pruned = True
                break
        state = optuna.trial.TrialState.PRUNED if pruned else optuna.trial.TrialState.COMPLETE
        study.tell(trial, None if pruned else final, state=state)
        best = best if pruned else max(best, final)
    return trained, best


def main() -> None:
    made = common.parser(__doc__)
    made.add_argument("studies", metavar="FOLDER", nargs="+", type=Path, help="folders of `seqtag tune`")
    given = made.parse_args()

    import optuna

    from seqtag.tasks.study import PRUNERS, pruner_of

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruners = {f"--pruner {name}": lambda name=name: pruner_of(name) for name in PRUNERS if name != "none"}
    for startup in (2, 4, 8):
        for warmup in (2, 3, 5):
            pruners[f"median, {startup} trials, from epoch {warmup}"] = (
                lambda startup=startup, warmup=warmup: optuna.pruners.MedianPruner(
                    n_startup_trials=startup, n_warmup_steps=warmup
                )
            )
    rows = []
    for folder in given.studies:
        trials = recorded(folder)
        epochs = sum(len(gains) for _, gains, _ in trials)
        best = max(final for _, _, final in trials)
        rows.append([folder.name, f"{len(trials)} trials", str(epochs), "", f"{best:.4f}", ""])
        for name, make in pruners.items():
            trained, kept = replayed(trials, make())
            saved = f"{1 - trained / epochs:.0%}"
            rows.append(
                [folder.name, name, str(trained), saved, f"{kept:.4f}", "yes" if kept == best else "no"]
            )
    common.show("Pruners", ["study", "pruner", "epochs", "saved", "best gain", "best trial kept"], rows)


if __name__ == "__main__":
    main()
