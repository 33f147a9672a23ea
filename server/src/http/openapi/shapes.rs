//! Schemas of requests and answers, made from the types of `domain`.

use domain::{AppError, access::Grant};
use std::collections::BTreeMap;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{Array, ArrayBuilder, ObjectBuilder, Schema, Type},
    },
};

/// Named schemas of the document.
pub type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Makes one schema, and adds those it refers to.
pub type Shape = fn(&mut Schemas) -> RefOr<Schema>;

/// The schema of `T` as it is written in JSON.
pub fn shape<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    let mut referred = Vec::new();
    T::schemas(&mut referred);
    for (name, schema) in referred {
        schemas.entry(name).or_insert(schema);
    }
    T::schema()
}

fn text() -> Schema {
    ObjectBuilder::new().schema_type(Type::String).build().into()
}

fn object() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object)
}

/// `{success, data, error, metadata}` around `T`.
pub fn enveloped<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    let data = shape::<T>(schemas);
    in_envelope(data)
}

fn in_envelope(data: RefOr<Schema>) -> RefOr<Schema> {
    object()
        .property("success", bool::schema())
        .property("data", data)
        .property("error", ObjectBuilder::new().schema_type(Type::Null))
        .property("metadata", object())
        .required("success")
        .required("data")
        .into()
}

/// Name of the schema of every failure.
pub const FAILURE: &str = "Failure";

/// `{success: false, data: null, error}`.
pub fn failure(schemas: &mut Schemas) -> RefOr<Schema> {
    if !schemas.contains_key(FAILURE) {
        let error = shape::<AppError>(schemas);
        let whole = object()
            .property("success", bool::schema())
            .property("data", ObjectBuilder::new().schema_type(Type::Null))
            .property("error", error)
            .required("success")
            .required("error");
        schemas.insert(FAILURE.to_owned(), whole.into());
    }
    Ref::from_schema_name(FAILURE).into()
}

/// Name (or e-mail) and password.
pub fn sign_in(_: &mut Schemas) -> RefOr<Schema> {
    let fields = object().property("username", text()).property("password", text());
    fields.required("username").required("password").into()
}

/// A multipart form.
pub fn upload(_: &mut Schemas) -> RefOr<Schema> {
    object().property("file", text()).property("target", text()).required("file").into()
}

pub fn grants(schemas: &mut Schemas) -> RefOr<Schema> {
    let each = shape::<Grant>(schemas);
    let list: Array = ArrayBuilder::new().items(each).build();
    object().property("grants", list).required("grants").into()
}

/// `{keys: […]}`
pub fn keys(_: &mut Schemas) -> RefOr<Schema> {
    let list: Array = ArrayBuilder::new().items(RefOr::T(text())).build();
    object().property("keys", list).required("keys").into()
}

/// The overview: figures by name within the envelope.
pub fn dashboard(_: &mut Schemas) -> RefOr<Schema> {
    in_envelope(object().into())
}
