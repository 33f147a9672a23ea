//! Messages to people and through channels.

use crate::Result;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// To whom: a person or a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipient {
    pub channel_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
}

/// Everybody who may sign in.
///
/// # Errors
/// When the statement fails.
pub async fn people(connection: &mut PgConnection) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!("select id from access.users where is_active order by id").fetch_all(connection).await?)
}

/// Who was told, and by which route and group the latest time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldFields {
    pub channel_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub route_id: Option<Uuid>,
    pub group_key: Option<String>,
}

/// Who was told that the alert fires.
///
/// # Errors
/// When the statement fails.
pub async fn told(connection: &mut PgConnection, alert: Uuid) -> Result<Vec<ToldFields>> {
    Ok(sqlx::query_as!(
        ToldFields,
        "select distinct on (n.channel_id, n.user_id) n.channel_id, n.user_id, n.route_id, n.group_key from ops.notifications n
         left join ops.notification_channels c on c.id = n.channel_id
         where n.alert_id = $1 and n.event <> 'resolved' and n.state <> 'suppressed'
           and (n.channel_id is null or (c.enabled and c.deleted_at is null))
         order by n.channel_id, n.user_id, (n.event = 'escalated'), n.created_at desc",
        alert
    )
    .fetch_all(connection)
    .await?)
}

/// What a channel has of a group of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFields {
    pub channel_id: Uuid,
    pub group_key: String,
    pub waits_until: Option<DateTime<Utc>>,
    pub sent_at: Option<DateTime<Utc>>,
}

/// What each of the channels has of the group beside it.
///
/// # Errors
/// When the statement fails.
pub async fn groups(
    connection: &mut PgConnection,
    channels: &[Uuid],
    keys: &[String],
    event: &str,
) -> Result<Vec<GroupFields>> {
    Ok(sqlx::query_as!(
        GroupFields,
        r#"select g.channel_id as "channel_id!", g.group_key as "group_key!",
                  (select min(n.next_attempt_at) from ops.notifications n
                   where n.channel_id = g.channel_id and n.event = $3 and n.group_key = g.group_key and n.delivered_at is null
                     and n.state = 'waiting' and n.message_id is null) as waits_until,
                  (select max(n.delivered_at) from ops.notifications n
                   where n.channel_id = g.channel_id and n.event = $3 and n.group_key = g.group_key) as sent_at
           from unnest($1::uuid[], $2::text[]) as g (channel_id, group_key)"#,
        channels,
        keys,
        event
    )
    .fetch_all(connection)
    .await?)
}

/// One message.
#[derive(Debug)]
pub struct NewMessage {
    pub id: Uuid,
    pub to: Recipient,
    pub route_id: Option<Uuid>,
    /// Of a channel: messages with the same go as one.
    pub group_key: Option<String>,
    /// When a channel sends it.
    pub send_at: DateTime<Utc>,
}

/// What the messages of one event have in common.
#[derive(Debug)]
pub struct NewMessages<'a> {
    pub messages: &'a [NewMessage],
    pub event: &'a str,
    pub alert_id: Uuid,
    pub seq: i32,
    pub alert_type: &'a str,
    pub severity: i16,
    pub title: &'a str,
    pub suppressed: bool,
    pub at: DateTime<Utc>,
    /// So many messages one person gets singly after that moment; what comes beyond goes into one digest.
    pub flood: (i64, DateTime<Utc>),
}

/// Messages to people are delivered with their commit.
///
/// # Errors
/// When the statement fails.
pub async fn insert(connection: &mut PgConnection, new: &NewMessages<'_>) -> Result<()> {
    let of = new.messages;
    let ids: Vec<Uuid> = of.iter().map(|one| one.id).collect();
    let channels: Vec<Option<Uuid>> = of.iter().map(|one| one.to.channel_id).collect();
    let users: Vec<Option<Uuid>> = of.iter().map(|one| one.to.user_id).collect();
    let routes: Vec<Option<Uuid>> = of.iter().map(|one| one.route_id).collect();
    let groups: Vec<Option<String>> = of.iter().map(|one| one.group_key.clone()).collect();
    let times: Vec<DateTime<Utc>> = of.iter().map(|one| one.send_at).collect();
    sqlx::query!(
        "with r as (
             select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[])
                  as r (id, channel_id, user_id, route_id, group_key, send_at)
         ), flooded as (
             select r.id, coalesce(
                        (select n.id from ops.notifications n
                         where n.user_id = r.user_id and n.digest and n.message_id = n.id and n.read_at is null and n.created_at > $16
                         order by n.created_at desc limit 1 for share of n), r.id) as message_id
             from r
             where r.user_id is not null and not $13
               and (select count(*) from ops.notifications n
                    where n.user_id = r.user_id and n.state = 'delivered' and not n.digest and n.created_at > $16) >= $15
         )
         insert into ops.notifications (id, channel_id, user_id, event, alert_id, seq, alert_type, severity, title, state,
                                        next_attempt_at, created_at, delivered_at, route_id, group_key, message_id, digest)
         select r.id, r.channel_id, r.user_id, $7, $8, $9, $10, $11, $12,
                case when $13 then 'suppressed' when r.user_id is not null then 'delivered' else 'waiting' end,
                case when not $13 and r.channel_id is not null then r.send_at end, $14,
                case when not $13 and r.user_id is not null then $14::timestamptz end, r.route_id, r.group_key,
                f.message_id, f.id is not null
         from r left join flooded f on f.id = r.id
         on conflict do nothing",
        &ids,
        &channels as &[Option<Uuid>],
        &users as &[Option<Uuid>],
        &routes as &[Option<Uuid>],
        &groups as &[Option<String>],
        &times,
        new.event,
        new.alert_id,
        new.seq,
        new.alert_type,
        new.severity,
        new.title,
        new.suppressed,
        new.at,
        new.flood.0,
        new.flood.1
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A message of a channel that is due, with the alert as it stands now.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    pub id: Uuid,
    pub channel_id: Uuid,
    pub event: String,
    pub message_id: Option<Uuid>,
    pub digest: bool,
    pub attempts: i32,
    pub group_key: String,
    pub alert: Option<Value>,
}

/// Takes what is due for a channel that is not `busy`, until `lease`: who dies meanwhile gives it back by that.
///
/// # Errors
/// When the statement fails.
pub async fn claim(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    lease: DateTime<Utc>,
    limit: i64,
    busy: &[Uuid],
) -> Result<Vec<Due>> {
    Ok(sqlx::query_as!(
        Due,
        r#"with due as (
               select n.id from ops.notifications n
               where n.channel_id = (
                     select channel_id from ops.notifications
                     where state in ('waiting', 'sending', 'failed') and next_attempt_at <= $1 and channel_id <> all ($4)
                     order by next_attempt_at limit 1 for update skip locked)
                 and n.state in ('waiting', 'sending', 'failed') and n.next_attempt_at <= $1
               order by n.next_attempt_at, n.id limit $3 for update skip locked
           ), taken as (
               update ops.notifications n set state = 'sending', next_attempt_at = $2 from due where n.id = due.id
               returning n.*
           )
           select t.id, t.channel_id as "channel_id!", t.event, t.message_id, t.digest, t.attempts,
                  coalesce(t.group_key, t.alert_type) as "group_key!",
                  case when a.id is not null then jsonb_build_object(
                      'id', a.id, 'number', a.number, 'alert_type', a.alert_type, 'feature', a.feature, 'severity', t.severity, 'state', a.state,
                      'title', t.title, 'message', a.message, 'entity_type', a.entity_type, 'entity_id', a.entity_id,
                      'value', a.value, 'threshold', a.threshold, 'opened_at', a.opened_at) end as alert
           from taken t left join ops.alerts a on a.id = t.alert_id
           order by t.id"#,
        now,
        lease,
        limit,
        busy
    )
    .fetch_all(connection)
    .await?)
}

/// Keeps what was taken for longer.
///
/// # Errors
/// When the statement fails.
pub async fn hold(connection: &mut PgConnection, ids: &[Uuid], lease: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update ops.notifications set next_attempt_at = $2 where id = any ($1) and state = 'sending'",
        ids,
        lease
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Messages that a channel has sent since.
///
/// # Errors
/// When the statement fails.
pub async fn sent_since(connection: &mut PgConnection, channel: Uuid, since: DateTime<Utc>) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(distinct message_id) as "count!" from ops.notifications
           where channel_id = $1 and message_id is not null and next_attempt_at is null and coalesce(delivered_at, created_at) > $2"#,
        channel,
        since
    )
    .fetch_one(connection)
    .await?)
}

/// These go out as one message.
///
/// # Errors
/// When the statement fails.
pub async fn bind(connection: &mut PgConnection, ids: &[Uuid], message: Uuid, digest: bool) -> Result<()> {
    sqlx::query!("update ops.notifications set message_id = $2, digest = $3 where id = any($1)", ids, message, digest)
        .execute(connection)
        .await?;
    Ok(())
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    pub ids: &'a [Uuid],
    pub state: &'a str,
    /// `failed`: the next attempt.
    pub next: Option<DateTime<Utc>>,
    pub code: Option<i32>,
    pub error: Option<&'a str>,
    pub at: DateTime<Utc>,
}

/// # Errors
/// When the statement fails.
pub async fn ended(connection: &mut PgConnection, ended: Ended<'_>) -> Result<()> {
    sqlx::query!(
        "update ops.notifications
         set state = $2, attempts = attempts + 1, next_attempt_at = $3, response_code = $4, error = $5,
             delivered_at = case when $2 = 'delivered' then $6::timestamptz end
         where id = any($1)",
        ended.ids,
        ended.state,
        ended.next,
        ended.code,
        ended.error,
        ended.at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A message to a person, or what was beyond the flood mark as one.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxFields {
    pub id: Uuid,
    pub event: String,
    pub alert_id: Option<Uuid>,
    pub severity: i16,
    pub title: String,
    pub created_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
    /// More than one: a digest of so many.
    pub messages: i64,
    /// Of a digest: the gravest three.
    pub titles: Option<Vec<String>>,
}

/// Messages to a person; those not read first, each the latest first.
///
/// # Errors
/// When the statement fails.
pub async fn inbox(connection: &mut PgConnection, user: Uuid, limit: i64) -> Result<Vec<InboxFields>> {
    Ok(sqlx::query_as!(
        InboxFields,
        r#"select id as "id!", event as "event!", alert_id, severity as "severity!", title as "title!", created_at as "created_at!",
                  read_at, messages as "messages!", titles
           from ops.inbox where user_id = $1
           order by (read_at is null) desc, created_at desc, id desc limit $2"#,
        user,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// # Errors
/// When the statement fails.
pub async fn unread(connection: &mut PgConnection, user: Uuid) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from ops.inbox where user_id = $1 and read_at is null"#,
        user
    )
    .fetch_one(connection)
    .await?)
}

/// What a person has not read: how much, the newest of it, and the newest that is critical and does not say that something
/// is over.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Unread {
    pub number: i64,
    pub latest: Option<InboxFields>,
    pub critical: Option<InboxFields>,
}

/// # Errors
/// When the statement fails.
pub async fn bell(connection: &mut PgConnection, user: Uuid) -> Result<Unread> {
    let rows = sqlx::query!(
        r#"with unread as materialized (select * from ops.inbox where user_id = $1 and read_at is null)
           select m.is_critical as "is_critical!", (select count(*) from unread) as "number!", m.id as "id!", m.event as "event!", m.alert_id,
                  m.severity as "severity!", m.title as "title!", m.created_at as "created_at!", m.messages as "messages!", m.titles
           from ((select false as is_critical, u.* from unread u order by u.created_at desc, u.id desc limit 1)
                 union all
                 (select true, u.* from unread u where u.severity = 4 and u.event <> 'resolved'
                  order by u.created_at desc, u.id desc limit 1)) m"#,
        user
    )
    .fetch_all(connection)
    .await?;
    let mut told = Unread::default();
    for row in rows {
        let of = InboxFields {
            id: row.id,
            event: row.event,
            alert_id: row.alert_id,
            severity: row.severity,
            title: row.title,
            created_at: row.created_at,
            read_at: None,
            messages: row.messages,
            titles: row.titles,
        };
        told.number = row.number;
        *(if row.is_critical { &mut told.critical } else { &mut told.latest }) = Some(of);
    }
    Ok(told)
}

/// Marks one or all as read; answers how many there were. What is just joining a digest is read with it, or opens one of
/// its own: it waits here, and who joins holds the digest's first row.
///
/// # Errors
/// When the statement fails.
pub async fn read(connection: &mut PgConnection, user: Uuid, id: Option<Uuid>, at: DateTime<Utc>) -> Result<u64> {
    sqlx::query!(
        "select from ops.notifications
         where user_id = $1 and digest and message_id = id and read_at is null and ($2::uuid is null or id = $2)
         order by id for update",
        user,
        id
    )
    .execute(&mut *connection)
    .await?;
    let done = sqlx::query!(
        "update ops.notifications set read_at = coalesce(read_at, $3)
         where user_id = $1 and ($2::uuid is null or id = $2 or (digest and message_id = $2)) and state = 'delivered'
           and ($2 is not null or read_at is null)",
        user,
        id,
        at
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryFields {
    pub id: Uuid,
    pub channel: String,
    pub event: String,
    pub alert_id: Option<Uuid>,
    pub title: String,
    pub state: String,
    pub attempts: i32,
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub response_code: Option<i32>,
    pub error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub delivered_at: Option<DateTime<Utc>>,
}

/// What went through channels, the latest first; of one message only when it is named.
///
/// # Errors
/// When the statement fails.
pub async fn deliveries(connection: &mut PgConnection, id: Option<Uuid>, limit: i64) -> Result<Vec<DeliveryFields>> {
    Ok(sqlx::query_as!(
        DeliveryFields,
        r#"select n.id, c.name as channel, case when n.digest then 'digest' else n.event end as "event!", n.alert_id, n.title, n.state,
                  n.attempts, n.next_attempt_at, n.response_code, n.error, n.created_at, n.delivered_at
           from ops.notifications n join ops.notification_channels c on c.id = n.channel_id
           where $1::uuid is null or n.id = $1
           order by n.created_at desc, n.id desc limit $2"#,
        id,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// What people and channels were told of an alert, the latest first.
///
/// # Errors
/// When the statement fails.
pub async fn deliveries_of(connection: &mut PgConnection, alert: Uuid, limit: i64) -> Result<Vec<DeliveryFields>> {
    Ok(sqlx::query_as!(
        DeliveryFields,
        r#"select n.id, coalesce(c.name, u.display_name) as "channel!", case when n.digest then 'digest' else n.event end as "event!",
                  n.alert_id, n.title, n.state, n.attempts, n.next_attempt_at, n.response_code, n.error, n.created_at, n.delivered_at
           from ops.notifications n
           left join ops.notification_channels c on c.id = n.channel_id
           left join access.users u on u.id = n.user_id
           where n.alert_id = $1
           order by n.created_at desc, n.id desc limit $2"#,
        alert,
        limit
    )
    .fetch_all(connection)
    .await?)
}

/// A test of a channel, on its way.
///
/// # Errors
/// When the statement fails.
pub async fn insert_test(
    connection: &mut PgConnection,
    id: Uuid,
    channel: Uuid,
    title: &str,
    lease: DateTime<Utc>,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into ops.notifications (id, channel_id, event, seq, alert_type, severity, title, state, message_id, next_attempt_at,
                                        created_at)
         values ($1, $2, 'test', ((extract(epoch from $5::timestamptz) * 1000)::bigint % 2000000000)::int, 'test', 1, $3, 'sending', $1, $4, $5)",
        id,
        channel,
        title,
        lease,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}
