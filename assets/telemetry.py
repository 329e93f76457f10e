"""The pipeline's own telemetry from a deployment: deliveries that ended become traces."""

from datetime import UTC, datetime

import dagster as dg

from coffee_pipeline.stages.trace_export import endpoint, send_ended
from resources.delivery import DELIVERY_TAG, DeliveryResource

_UNFINISHED = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


@dg.sensor(
    target=None,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def delivery_traces(
    context: dg.SensorEvaluationContext, delivery: DeliveryResource
) -> dg.SkipReason:
    """Sends deliveries that ended to the collector of OTEL_EXPORTER_OTLP_ENDPOINT, if there is one.

    Those of the command ``run`` are sent by it. What the collector does not take is sent again,
    unless it refused it for good.
    """
    if endpoint() is None:
        return dg.SkipReason("OTEL_EXPORTER_OTLP_ENDPOINT is not set: no collector to send to")
    if not context.cursor:
        # Starting to send is no reason to send the whole past.
        context.update_cursor(datetime.now(UTC).isoformat())
        return dg.SkipReason("deliveries are sent from now on")

    def unfinished(name: str) -> bool:
        runs = dg.RunsFilter(tags={DELIVERY_TAG: name}, statuses=list(_UNFINISHED))
        return bool(context.instance.get_runs(runs, limit=1))

    sending = send_ended(delivery.history, context.cursor, unfinished)
    context.update_cursor(sending.cursor)
    for words in sending.refused:
        context.log.warning(words)
    return dg.SkipReason(str(sending))
