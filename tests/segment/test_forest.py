from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier

from volviz.segment.nn.forest import Forest


def blobs(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    samples = rng.standard_normal((count, 7)) + np.eye(7)[labels] * 1.5
    return samples.astype(np.float32), labels


def test_votes_are_those_of_scikit_learn_either_way_to_a_millionth() -> None:
    samples, labels = blobs(3000)
    forest = Forest.fit(samples, labels, 3, trees=40, seed=5)
    theirs = RandomForestClassifier(40, max_depth=20, class_weight="balanced", random_state=5).fit(samples, labels)
    new, _ = blobs(2**14 + 777, seed=1)
    # Values on a threshold itself go left in both.
    new[:500, 2] = theirs.estimators_[0].tree_.threshold[:500].astype(np.float32)[0]
    expected = theirs.predict_proba(new)
    columns = torch.from_numpy(new).T
    assert np.abs(forest.predict(columns).T.numpy() - expected).max() < 1e-6
    assert np.abs(forest.descend(columns).T.numpy() - expected).max() < 1e-6
    assert expected.std(axis=0).min() > 0.1
    again = Forest.of_state(forest.state())
    assert torch.equal(again.predict(columns), forest.predict(columns))
    assert np.allclose(forest.importance, theirs.feature_importances_, atol=1e-6)


def test_without_balance_what_there_is_more_of_is_found_more() -> None:
    samples, labels = blobs(2000)
    rare = (labels != 2) | (np.arange(2000) % 20 == 0)
    new, _ = blobs(3000, seed=1)
    columns = torch.from_numpy(new).T
    shares = []
    for balance in (1.0, 0.5, 0.0):
        forest = Forest.fit(samples[rare], labels[rare], 3, trees=40, depth=4, balance=balance)
        shares.append(float((forest.predict(columns).argmax(dim=0) == 2).float().mean()))
    assert shares[0] > shares[1] + 0.02 > shares[2] + 0.04


def test_a_class_without_samples_gets_no_vote() -> None:
    samples, labels = blobs(600)
    forest = Forest.fit(samples, np.where(labels == 2, 3, labels), 5, trees=5)
    votes = forest.predict(torch.from_numpy(samples).T)
    assert votes.shape == (5, 600)
    assert votes[2].max() == votes[4].max() == 0
    assert votes[3].max() > 0.9
    assert torch.allclose(votes.sum(dim=0), torch.ones(600))


def test_the_first_trees_alone_are_a_smaller_forest() -> None:
    samples, labels = blobs(500)
    columns = torch.from_numpy(samples).T
    whole = Forest.fit(samples, labels, 3, trees=12, seed=3)
    assert torch.equal(whole.first(12).predict(columns), whole.predict(columns))
    few = Forest.fit(samples, labels, 3, trees=4, seed=3)
    assert torch.allclose(whole.first(4).predict(columns), few.predict(columns))


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("left", lambda t: torch.zeros_like(t)),  # a circle
        ("right", lambda t: t + 100_000),
        ("feature", lambda t: t + 9),
        ("votes", lambda t: t[:-1]),
        ("roots", lambda t: t.flip(0)),
    ],
)
def test_tensors_that_make_no_trees_are_refused(name: str, spoil: object) -> None:
    samples, labels = blobs(300)
    state = Forest.fit(samples, labels, 3, trees=3).state()
    with pytest.raises(ValueError):  # noqa: PT011 - any of the sentences
        Forest.of_state({**state, name: spoil(state[name])})  # type: ignore[operator]
    with pytest.raises(ValueError, match="has no"):
        Forest.of_state({k: v for k, v in state.items() if k != name})
