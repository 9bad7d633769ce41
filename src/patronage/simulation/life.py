"""When a customer is there: one clock that runs while she is active, slower while she fades, and stops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from patronage.simulation.kinds import Flags, Floats, Ints

FADING = 0.4  # speed of the clock on the way out


@dataclass(frozen=True)
class Life:
    """Five moments of each customer, (n,), in days of the log and none later than its end.

    She is interested from `begin`, fades from `fade`, is gone from `end`, and, if she returns, is there again from
    `back` to `over`. What is drawn at a constant rate is drawn on her own clock (`age`) and brought to the
    calendar by `moment`: thus orders, visits and log-ins fade and stop together.
    """

    begin: Floats
    fade: Floats
    end: Floats
    back: Floats
    over: Floats

    @property
    def exposure(self) -> Floats:
        """The clock's last reading."""
        return (self.fade - self.begin) + FADING * (self.end - self.fade) + (self.over - self.back)

    def moment(self, age: Floats, who: Ints) -> Floats:
        """The day at which the clock of `who` reads `age`."""
        begin, fade, end, back = self.begin[who], self.fade[who], self.end[who], self.back[who]
        fades, stops = fade - begin, fade - begin + FADING * (end - fade)
        return np.where(
            age < fades,
            begin + age,
            np.where(age < stops, fade + (age - fades) / FADING, back + (age - stops)),
        )

    def active(self, day: Floats | Ints, who: Ints) -> Flags:
        """Whether she is there on that day."""
        first = (day >= self.begin[who]) & (day < self.end[who])
        return first | ((day >= self.back[who]) & (day < self.over[who]))

    def presence(self, day: Floats | Ints, who: Ints) -> Floats:
        """How fast the clock runs on that day: 1, `FADING`, or 0 for those who are not there."""
        fades = (day >= self.fade[who]) & (day < self.end[who])
        return np.where(self.active(day, who), np.where(fades, FADING, 1.0), 0.0)
