//! Schemas of requests and answers, made from the types that are read and written.

use domain::{AppError, paging::Page};
use std::collections::BTreeMap;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type},
    },
};

pub const JSON: &str = "application/json";

/// Named schemas of the document.
pub type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Makes one schema, and adds those it refers to.
pub type Shape = fn(&mut Schemas) -> RefOr<Schema>;

/// `T` under its own name.
pub fn named<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    let name = T::name();
    let schema = inline::<T>(schemas);
    schemas.insert(name.to_string(), schema);
    Ref::from_schema_name(name).into()
}

fn inline<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    let mut referred = Vec::new();
    T::schemas(&mut referred);
    schemas.extend(referred);
    T::schema()
}

/// A page of `T`.
pub fn page<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    named::<T>(schemas);
    inline::<Page<T>>(schemas)
}

/// An array of `T`.
pub fn list<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    let each = named::<T>(schemas);
    ArrayBuilder::new().items(each).into()
}

fn object(fields: impl IntoIterator<Item = (&'static str, RefOr<Schema>)>) -> RefOr<Schema> {
    let object = ObjectBuilder::new().schema_type(Type::Object);
    fields.into_iter().fold(object, |object, (name, schema)| object.property(name, schema).required(name)).into()
}

/// `{success, data, error, metadata}` around an answer.
fn in_envelope(data: RefOr<Schema>, metadata: RefOr<Schema>) -> RefOr<Schema> {
    let null = ObjectBuilder::new().schema_type(Type::Null).into();
    object([("success", bool::schema()), ("data", data), ("error", null), ("metadata", metadata)])
}

/// One `T` in the envelope.
pub fn enveloped<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    in_envelope(named::<T>(schemas), object([]))
}

/// `T` in the envelope with metadata `M`.
pub fn enveloped_with<T: ToSchema, M: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    in_envelope(named::<T>(schemas), named::<M>(schemas))
}

/// Many `T` in the envelope with metadata `M`.
pub fn enveloped_list<T: ToSchema, M: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    in_envelope(list::<T>(schemas), named::<M>(schemas))
}

/// Every failure: `{success: false, data: null, error}`.
pub fn failure(schemas: &mut Schemas) -> RefOr<Schema> {
    const NAME: &str = "Failure";
    if !schemas.contains_key(NAME) {
        let null = || ObjectBuilder::new().schema_type(Type::Null).into();
        let error = named::<AppError>(schemas);
        let whole = object([("success", bool::schema()), ("data", null()), ("error", error)]);
        schemas.insert(NAME.to_owned(), whole);
    }
    Ref::from_schema_name(NAME).into()
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

pub fn text(_: &mut Schemas) -> RefOr<Schema> {
    string().into()
}

pub fn day(_: &mut Schemas) -> RefOr<Schema> {
    string().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))).into()
}

pub fn time(_: &mut Schemas) -> RefOr<Schema> {
    string().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into()
}

pub fn uuid(_: &mut Schemas) -> RefOr<Schema> {
    string().format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))).into()
}

pub fn amount(_: &mut Schemas) -> RefOr<Schema> {
    string().format(Some(SchemaFormat::Custom("decimal".to_owned()))).into()
}

/// Any JSON object.
pub fn any(_: &mut Schemas) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Object).into()
}

pub fn flag(_: &mut Schemas) -> RefOr<Schema> {
    bool::schema()
}

fn number(least: i64) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least))
}

pub fn whole(_: &mut Schemas) -> RefOr<Schema> {
    number(0).into()
}

/// Rows of a page.
pub fn limit(_: &mut Schemas) -> RefOr<Schema> {
    number(1).maximum(Some(domain::paging::MAX_LIMIT)).into()
}

/// One of these words.
pub fn one_of(words: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    string().enum_values(Some(words)).into()
}

/// Bytes of a file.
pub fn bytes() -> RefOr<Schema> {
    string().format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary))).into()
}

/// A file with what it is to become.
pub fn upload(schemas: &mut Schemas) -> RefOr<Schema> {
    let target = named::<domain::ingest::Target>(schemas);
    let form = ObjectBuilder::new().schema_type(Type::Object).property("file", bytes()).required("file");
    form.property("target", target).property("sheet", string()).into()
}

/// A file of sales to try rule sets on, and columns that have other names.
pub fn dataset(_: &mut Schemas) -> RefOr<Schema> {
    let form = ObjectBuilder::new().schema_type(Type::Object).property("file", bytes()).required("file");
    let fields = domain::fraud::backtest::DatasetField::ALL.map(domain::fraud::backtest::DatasetField::as_str);
    fields.into_iter().fold(form.property("name", string()), |form, field| form.property(field, string())).into()
}

/// Mended rows of an import.
pub fn repair(_: &mut Schemas) -> RefOr<Schema> {
    object([("file", bytes())])
}
