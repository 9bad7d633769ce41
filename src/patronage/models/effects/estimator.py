"""The effect of contacts per customer, as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from patronage import names as c
from patronage.config.rules import at_least
from patronage.errors import ConfigError, DataError, FitError
from patronage.models.effects.learned import LearnedEffects, SimpleRule
from patronage.models.effects.learners import (
    DR,
    LEARNERS,
    CrossFit,
    TreeSettings,
    Trial,
    cross_fit,
    fit_learner,
    spread_trees,
)
from patronage.models.effects.policy import (
    LEVEL,
    Slope,
    best_arm,
    effect_curve,
    fit_slope,
    gains,
    mean_interval,
    profits,
)
from patronage.models.effects.randomness import RandomnessFinding, check_randomness
from patronage.models.ensemble.encoding import Encoding, learn_encoding
from patronage.models.validation import numbers_of, require_columns, require_single_values
from patronage.typing import Array, Index

BY_EFFECT, TREAT_NONE = "by effect", "treat none"


class ContactEffects(BaseEstimator):  # type: ignore[misc]
    """Learns from contacts drawn by lot what each arm changes for each customer, and whom to contact.

    The DR-learner on LightGBM with known propensities, cross-fitted. Its policy is held beside sending every arm to
    everybody and to nobody on customers that it has not seen; where its gain over the best of these is not surely
    above 0, `recommended_arm` is the arm that surely pays if everybody gets it, else control.

    Parameters
    ----------
    arm
        The column of X with what was sent; only `fit` reads it.
    control
        The arm of customers who were left alone.
    propensity
        A column of X with the probability of the customer's own arm by the lot, or the probability of each arm as a
        mapping; None: the shares of the arms.
    columns
        The features of X; None: all but the arm and the propensity.
    costs
        Cost of sending an arm, in the unit of y; an arm that is not named costs nothing.
    learner
        dr, t (a model per arm) or s (one model with the arm as a feature).
    folds
        Of the cross-fitting.
    learning_rate, num_leaves, min_share_in_leaf, rounds
        Of LightGBM.
    confidence
        How sure a policy must be before it is followed: that its gain over the best simple one, or of contacting
        everybody over nobody, lies above 0 with this two-sided confidence. 0: it earned more on unseen customers.
    assume_random
        True learns although the arms do not look drawn by lot; what it then finds may be no effect.
    seed
        The same seed learns the same model.

    Attributes
    ----------
    arms_
        Control first.
    average_
        By arm: `effect` with `low`, `high` (95 %) and `p`.
    policies_
        By policy: `profit_per_1000` customers beside sending nothing, measured on unseen customers, with its interval,
        and `share` of the customers contacted.
    policy_
        The policy that `recommended_arm` follows.
    gain_
        Profit per 1,000 customers of the policy by effect beside the best simple one, with a paired interval.
    randomness_
        What the check of the lot found.
    learned_
        What `predict` asks, to be kept: `learned_.save(folder)`, for `actions.effects=FOLDER` of a training.
    cross_fit_
        Effects and doubly robust scores of the customers of X, by models that did not see them.

    Examples
    --------
    >>> import numpy as np, pandas as pd, patronage as pt
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"age": rng.uniform(20, 70, 4000), "arm": rng.choice(["control", "mail"], 4000)})
    >>> y = rng.normal(5, 1, 4000) + (X["arm"] == "mail") * np.where(X["age"] < 45, 1.0, -1.0)
    >>> model = pt.ContactEffects(costs={"mail": 0.1}).fit(X, y)
    >>> model.predict(pd.DataFrame({"age": [30.0, 60.0]}))["recommended_arm"].tolist()
    ['mail', 'control']
    """

    def __init__(
        self,
        *,
        arm: str = c.ARM,
        control: str = "control",
        propensity: str | Mapping[str, float] | None = None,
        columns: Sequence[str] | None = None,
        costs: Mapping[str, float] | None = None,
        learner: str = DR,
        folds: int = 5,
        learning_rate: float = 0.05,
        num_leaves: int = 4,
        min_share_in_leaf: float = 0.01,
        rounds: int = 60,
        confidence: float = LEVEL,
        assume_random: bool = False,
        seed: int = 0,
    ) -> None:
        self.arm = arm
        self.control = control
        self.propensity = propensity
        self.columns = columns
        self.costs = costs
        self.learner = learner
        self.folds = folds
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_share_in_leaf = min_share_in_leaf
        self.rounds = rounds
        self.confidence = confidence
        self.assume_random = assume_random
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> Self:
        """Learn from customers whose arm was drawn by lot.

        Parameters
        ----------
        X
            Features from before the contact, and the arm.
        y
            The outcome after the contact, more is better; missing where it is unknown. In the order of X.
        groups
            The customer of each row, where lots of several months give a customer several rows: no fold then learns of
            a customer whom it is judged on. None: every row is a customer.

        Raises
        ------
        DataError
            X lacks a column, the control arm is absent, an arm has too few customers, or the arms were not drawn by
            lot.
        ConfigError
            A parameter is out of its range.
        """
        self._check(X)
        outcome = numbers_of(y, len(X), "an outcome")
        features = self._features(X)
        require_single_values(X, features, "ContactEffects")
        drawn, known = X[self.arm].notna().to_numpy(), np.isfinite(outcome)
        if unknown := sorted(set(self.costs or {}) - set(X.loc[drawn, self.arm].astype(str))):
            raise ConfigError(f"costs of {', '.join(unknown)}, which is no arm in the column {self.arm}")
        lost = X.loc[drawn & ~known, self.arm].astype(str)
        known &= drawn
        frame, outcome = X[known], outcome[known]
        self.arms_ = self._arms(frame)
        encoding = learn_encoding(frame, features)
        given = pd.Index(self.arms_).get_indexer(frame[self.arm].astype(str))
        group = None if groups is None else pd.factorize(np.asarray(groups)[known])[0]
        trial = Trial(encoding.matrix(frame[features]), given, self._propensities(frame, given), outcome, group)
        missing = np.array([(lost == name).sum() for name in self.arms_], np.intp)
        self.randomness_: RandomnessFinding = check_randomness(trial, self.arms_, features, self._settings(), missing)
        if self.randomness_.reasons and not self.assume_random:
            raise DataError(_refusal(self.randomness_))
        self._learn(trial, encoding)
        self.feature_names_in_ = np.asarray(features, dtype=object)
        self.n_features_in_ = len(features)
        return self

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Estimate what each arm would change for new customers.

        Returns
        -------
        DataFrame
            On the index of X: `effect_ARM` for each arm, calibrated, in the unit of y; `gain`, what the recommended arm
            brings less its cost; and `recommended_arm`.
        """
        check_is_fitted(self, "learned_")
        effects = self.learned_.predict(X)
        chosen = self._policy(effects, X)
        acted_on = self.learned_.interval(X)[0]
        profit = np.column_stack([np.zeros(len(X)), acted_on - (self.costs_[1:] - self.costs_[0])])
        columns = {c.effect_of(arm): effects[:, number] for number, arm in enumerate(self.arms_[1:])}
        return pd.DataFrame(
            {
                **columns,
                "gain": profit[np.arange(len(X)), chosen],
                "recommended_arm": np.asarray(self.arms_, object)[chosen],
            },
            index=X.index,
        )

    def follow(self, rule: SimpleRule) -> Self:
        """Let `predict`, and what is kept of it, act on a simple policy in place of the one found at fit."""
        check_is_fitted(self, "learned_")
        self.policy_ = rule.name
        self.learned_: LearnedEffects = replace(self.learned_, by_customer=False, rule=rule)
        return self

    def _learn(self, trial: Trial, encoding: Encoding) -> None:
        """Cross-fit, calibrate, value the policies on unseen customers, and fit the final trees on all."""
        settings = self._settings()
        self.costs_ = np.array([float((self.costs or {}).get(arm, 0.0)) for arm in self.arms_])
        self.cross_fit_: CrossFit = cross_fit(trial, (self.learner,), self.folds, settings)
        raw, scores = self.cross_fit_.effects[self.learner], self.cross_fit_.scores
        differences = scores[:, 1:] - scores[:, [0]]
        self.effects_ = np.empty(raw.shape)  # each fold calibrated by the others
        for number in range(self.folds):
            aim = self.cross_fit_.fold == number
            for arm, slope in enumerate(_slopes(raw[~aim], differences[~aim])):
                self.effects_[aim, arm] = slope.apply(raw[aim, arm])
        averages = [mean_interval(differences[:, arm]) for arm in range(differences.shape[1])]
        self.average_ = pd.DataFrame(averages, index=pd.Index(self.arms_[1:], name=c.ARM)).rename(
            columns={"mean": "effect"}
        )
        self._value(profits(scores, self.costs_))
        self.learned_ = LearnedEffects(
            arms=tuple(self.arms_),
            encoding=encoding,
            trees=fit_learner(self.learner, trial, settings),
            slopes=tuple(_slopes(raw, differences)),
            spreads=spread_trees(self.learner, trial, settings),
            by_customer=self.policy_ == BY_EFFECT,
            confidence=self.confidence,
            curves=tuple(effect_curve(self.effects_[:, arm], differences[:, arm]) for arm in range(raw.shape[1])),
        )

    def _value(self, profit: Array) -> None:
        """The policies beside each other; the best simple one is what the policy by effect must surely beat."""
        chosen = best_arm(self.effects_, self.costs_)
        simple = {TREAT_NONE: np.zeros(len(profit), np.intp)}
        simple |= {
            f"treat all: {arm}": np.full(len(profit), number) for number, arm in enumerate(self.arms_) if number > 0
        }
        policies = {BY_EFFECT: chosen, **simple}
        values = {name: gains(profit, policy) for name, policy in policies.items()}
        rows = {name: 1000 * np.array(mean_interval(value)[:3]) for name, value in values.items()}
        self.policies_ = pd.DataFrame(rows, index=["profit_per_1000", "low", "high"]).T.rename_axis("policy")
        self.policies_["share"] = [float((policy > 0).mean()) for policy in policies.values()]
        best = max(simple, key=lambda name: values[name].mean())
        self.best_simple_ = best
        more = values[BY_EFFECT] - values[best]
        self.gain_ = tuple(1000 * value for value in mean_interval(more)[:3])
        # contacting everybody must surely pay, too
        sure = best if mean_interval(values[best], self.confidence).positive else TREAT_NONE
        self.policy_ = BY_EFFECT if mean_interval(more, self.confidence).positive else sure

    def _policy(self, effects: Array, X: pd.DataFrame) -> Index:
        if self.policy_ == BY_EFFECT:
            return best_arm(effects, self.costs_)
        if self.learned_.rule is not None:
            return best_arm(self.learned_.interval(X)[0], self.costs_)
        number = 0 if self.policy_ == TREAT_NONE else self.arms_.index(self.policy_.removeprefix("treat all: "))
        return np.full(len(effects), number)

    def _features(self, X: pd.DataFrame) -> list[str]:
        own = self.propensity if isinstance(self.propensity, str) else None
        return [name for name in X if name not in (self.arm, own)] if self.columns is None else list(self.columns)

    def _arms(self, frame: pd.DataFrame) -> list[str]:
        present = sorted(frame[self.arm].astype(str).unique())
        if self.control not in present or len(present) < 2:
            raise DataError(
                f"effects: the column {self.arm} holds {', '.join(present[:5]) or 'nothing'}; expected {self.control} "
                "(control=...) and at least one other arm"
            )
        return [self.control, *(arm for arm in present if arm != self.control)]

    def _propensities(self, frame: pd.DataFrame, given: Index) -> Array:
        """(N, A + 1) the probability of each arm."""
        arms = len(self.arms_)
        if self.propensity is None:
            shares = np.bincount(given, minlength=arms) / len(given)
        elif isinstance(self.propensity, str):
            return _spread(frame[self.propensity].to_numpy(np.float64), given, arms)
        else:
            shares = np.array([float(self.propensity.get(arm, np.nan)) for arm in self.arms_])
            if not np.isclose(shares.sum(), 1.0, atol=1e-3):
                raise ConfigError(f"propensity={dict(self.propensity)}; expected a probability of each arm, 1 in sum")
        return np.broadcast_to(shares, (len(given), arms)).copy()

    def _check(self, X: pd.DataFrame) -> None:
        own = [self.propensity] if isinstance(self.propensity, str) else []
        expected = "a frame with what was known before the contact, and the arm (arm=...)"
        require_columns(X, [self.arm, *own, *(self.columns or ())], "ContactEffects", expected)
        if self.learner not in LEARNERS:
            raise ConfigError(f"learner={self.learner}; expected one of {', '.join(LEARNERS)}")
        if not 2 <= self.folds <= 50:
            raise ConfigError(f"folds={self.folds}; expected 2 to 50")
        if not 0 <= self.confidence < 1:
            raise ConfigError(f"confidence={self.confidence}; expected 0 to below 1")
        at_least("costs", self.costs or {}, 0.0)

    def _settings(self) -> TreeSettings:
        return TreeSettings(self.learning_rate, self.num_leaves, self.min_share_in_leaf, self.rounds, self.seed)


def _slopes(raw: Array, differences: Array) -> list[Slope]:
    return [fit_slope(raw[:, arm], differences[:, arm]) for arm in range(raw.shape[1])]


def _spread(own: Array, given: Index, arms: int) -> Array:
    """The probabilities of all arms from that of the own arm: the others share the rest by their frequency."""
    if not ((own > 0) & (own <= 1)).all():
        raise FitError(f"propensity: {np.nanmin(own):g} to {np.nanmax(own):g}; expected probabilities above 0 to 1")
    shares = np.bincount(given, minlength=arms) / len(given)
    rest = np.where(np.arange(arms) == given[:, None], 0.0, shares)
    spread = rest / rest.sum(axis=1, keepdims=True) * (1 - own)[:, None]
    spread[np.arange(len(own)), given] = own
    return spread


def _refusal(finding: RandomnessFinding) -> str:
    reasons = "; ".join(finding.reasons)
    if finding.too_few:
        return f"effects: {reasons}; wait for more contacts (plan.rate=... says how many), or leave the arm out"
    return (
        f"effects: the arms were not drawn by lot: {reasons}; leave such contacts out, or give the probabilities of "
        "the lot as propensity"
    )
