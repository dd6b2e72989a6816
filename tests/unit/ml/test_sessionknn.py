import numpy as np

from apps.recommend.ml.sequences import Sequences
from apps.recommend.ml.sessionknn import index_sessions


class TestIndexSessions:
    def test_of_a_long_one_the_newest_items_are_held(self) -> None:
        item = np.arange(250, dtype=np.int32)
        events = Sequences(np.zeros(250, dtype=np.int32), item, np.ones(250), np.arange(250.0))
        sessions = index_sessions(events, 250, most=10)
        assert sessions.session_start.tolist() == [0, 200]
        assert sessions.session_items.tolist() == list(range(50, 250))
        assert np.diff(sessions.item_start).tolist() == [0] * 50 + [1] * 200
