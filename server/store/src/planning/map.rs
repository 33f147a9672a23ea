//! A plan on the map.

use crate::Result;
use domain::planning::{MapLane, MapNode};
use sqlx::PgConnection;
use uuid::Uuid;

/// Nodes of the document that a plan's run was given, in its order. A scenario moves none.
///
/// # Errors
/// When the statement fails.
pub async fn nodes(connection: &mut PgConnection, run: Uuid) -> Result<Vec<MapNode>> {
    Ok(sqlx::query_as!(
        MapNode,
        r#"select n.node ->> 'id' as "id!", n.node ->> 'name' as name, coalesce(n.node ->> 'type', '') as "kind!",
                  (n.node ->> 'latitude')::float8 as latitude, (n.node ->> 'longitude')::float8 as longitude
           from plan.runs r join plan.inputs i on i.id = r.input_id,
                jsonb_array_elements(i.document -> 'nodes') with ordinality as n (node, place)
           where r.id = $1 order by n.place"#,
        run
    )
    .fetch_all(connection)
    .await?)
}

/// Periods of the document, in the order of time.
///
/// # Errors
/// When the statement fails.
pub async fn periods(connection: &mut PgConnection, run: Uuid) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        r#"select p.period ->> 'id' as "id!"
           from plan.runs r join plan.inputs i on i.id = r.input_id,
                jsonb_array_elements(i.document -> 'periods') with ordinality as p (period, place)
           where r.id = $1 order by p.place"#,
        run
    )
    .fetch_all(connection)
    .await?)
}

/// What each lane carries in a period, or in all; the largest first.
///
/// # Errors
/// When the statement fails.
pub async fn lanes(connection: &mut PgConnection, plan: Uuid, period: Option<&str>) -> Result<Vec<MapLane>> {
    Ok(sqlx::query_as!(
        MapLane,
        r#"select from_node as "from", to_node as "to", mode, sum(tonnes)::float8 as "tonnes!",
                  coalesce(sum(trips), 0)::float8 as "trips!",
                  sum(freight_cost + handling_cost + transit_cost + trip_cost + lane_fixed_cost)::float8 as "cost!"
           from plan.plan_shipments
           where plan_id = $1 and ($2::text is null or period = $2)
           group by from_node, to_node, mode having sum(tonnes) > 0
           order by sum(tonnes) desc, from_node, to_node, mode"#,
        plan,
        period
    )
    .fetch_all(connection)
    .await?)
}
