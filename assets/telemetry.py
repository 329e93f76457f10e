"""The pipeline's own telemetry from a deployment: deliveries that ended become traces."""

from datetime import UTC, datetime

import dagster as dg

from coffee_pipeline.errors import PipelineError
from coffee_pipeline.stages.trace_export import ended_after, endpoint, send_delivery
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

    Those of the command ``run`` are sent by it. What the collector does not take is sent again.
    """
    if endpoint() is None:
        return dg.SkipReason("OTEL_EXPORTER_OTLP_ENDPOINT is not set: no collector to send to")
    if not context.cursor:
        # Starting to send is no reason to send the whole past.
        context.update_cursor(datetime.now(UTC).isoformat())
        return dg.SkipReason("deliveries are sent from now on")
    history, sent = delivery.history, 0
    try:
        history.refresh(force=False)
        for name, ended in ended_after(history, datetime.fromisoformat(context.cursor)):
            unfinished = dg.RunsFilter(tags={DELIVERY_TAG: name}, statuses=list(_UNFINISHED))
            if context.instance.get_runs(unfinished, limit=1):
                break  # and those after it wait, too: the cursor is a moment
            send_delivery(history, name)
            context.update_cursor(ended.isoformat())
            sent += 1
    except PipelineError as error:
        return dg.SkipReason(f"{sent} deliveries sent, then: {error}")
    return dg.SkipReason(f"{sent} deliveries sent")
