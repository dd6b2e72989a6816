"""Pairs counted on a cluster: the program that Spark runs, the twin of `ml.pairtable` in DataFrames.

    spark-submit counting_job.py URI

It needs nothing but Spark, so this one file is all that is sent there, and it runs no line of Python on the cluster's
executors. Below the URI it reads `plans.json` and `events/*.parquet` (sequence, item, weight, time, position) and
writes `NAME.parquet` for each plan.
"""

import json
import sys
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as sql

_SECONDS_PER_HOUR = 3_600.0
_SUMS = ("value", "near_sum", "near_count")


def run_job(session: SparkSession, uri: str) -> None:
    """Count the pairs of each plan and write them below the URI."""
    (line,) = session.read.text(f"{uri}/plans.json", wholetext=True).collect()
    events = session.read.parquet(f"{uri}/events")
    for name, plan in json.loads(line[0]).items():
        count_pairs(events, plan).write.parquet(f"{uri}/{name}.parquet")


def count_pairs(events: DataFrame, plan: dict[str, Any]) -> DataFrame:
    """Return row, column, value, near_sum and near_count of all pairs that count, each pair once, in any order.

    plan: window, gap_decay, backward, pause_hours, pause_factor, as `ml.covisitation.CovisitationParams` says.
    near_*: what the nearest steps of this pair weigh together, and how many these are.

    The events are moved once, to where the rest of their sequence is; what is moved after that are pairs that each task
    has summed already.
    """
    forward = _forward(_runs(events), plan)
    nothing = (sql.lit(0.0).alias("near_sum"), sql.lit(0).cast("long").alias("near_count"))
    turned = (sql.col("column").alias("row"), sql.col("row").alias("column"))
    backward = forward.select(*turned, (sql.col("value") * plan["backward"]).alias("value"), *nothing)
    return _summed(forward.unionByName(backward)) if plan["backward"] else forward


def _runs(events: DataFrame) -> DataFrame:
    """Return the events with runs of one item made one, numbered within their sequence."""
    order = Window.partitionBy("sequence").orderBy("position")
    begins = sql.when(sql.lag("item").over(order) == sql.col("item"), 0).otherwise(1)
    numbered = events.withColumn("begins", begins).withColumn("run", sql.sum("begins").over(order))
    return numbered.groupBy("sequence", "run").agg(
        sql.max("item").alias("item"),
        sql.max("weight").alias("weight"),
        sql.max_by("time", "position").alias("time"),
    )


def _forward(runs: DataFrame, plan: dict[str, Any]) -> DataFrame:
    """Return the pairs in the order of time."""
    following = Window.partitionBy("sequence").orderBy("run").rowsBetween(1, plan["window"])
    later = sql.collect_list(sql.struct("item", "weight", "time")).over(following)
    steps = runs.withColumn("following", later).select(
        "item", "time", sql.posexplode("following").alias("far", "later")
    )
    value, is_nearest = _value(plan), sql.col("far") == 0
    pairs = steps.where(sql.col("item") != sql.col("later.item")).select(
        sql.col("item").alias("row"),
        sql.col("later.item").alias("column"),
        value.alias("value"),
        sql.when(is_nearest, value).otherwise(0.0).alias("near_sum"),
        is_nearest.cast("long").alias("near_count"),
    )
    return _summed(pairs)


def _value(plan: dict[str, Any]) -> Column:
    decays = sql.array(*(sql.lit(float(plan["gap_decay"]) ** step) for step in range(plan["window"])))
    value = sql.col("later.weight") * decays[sql.col("far")]
    paused = sql.col("later.time") - sql.col("time") > plan["pause_hours"] * _SECONDS_PER_HOUR
    return sql.when(paused, value * plan["pause_factor"]).otherwise(value)


def _summed(pairs: DataFrame) -> DataFrame:
    return pairs.groupBy("row", "column").agg(*(sql.sum(name).alias(name) for name in _SUMS))


if __name__ == "__main__":
    run_job(SparkSession.builder.appName("specrec counting").getOrCreate(), sys.argv[1])
