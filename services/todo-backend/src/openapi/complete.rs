//! What holds for every endpoint is put into the document here, so that no endpoint can forget it.

use std::collections::BTreeSet;

use platform::problem;
use serde_json::json;
use utoipa::openapi::{
    Content, Header, Object, ObjectBuilder, OpenApi, PathItem, Ref, RefOr, Response, Schema, Type,
    path::{Operation, Parameter, ParameterIn},
    schema::{AdditionalProperties, ArrayItems, SchemaType},
};

use crate::problems;

/// Adds what the endpoints have in common to what they say of themselves.
pub(crate) fn complete(document: &mut OpenApi) {
    let mut asked = Vec::new();
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(parameter) = parameter {
                describe(parameter);
            }
        }
        for (status, response) in &mut operation.responses.responses {
            if let RefOr::T(response) = response {
                complete_response(status, response);
            }
        }
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            asked.extend(body.content.values_mut().filter_map(body_schema).flat_map(close));
        }
    }
    let Some(components) = &mut document.components else { return };
    let mut closed = BTreeSet::new();
    while let Some(name) = asked.pop() {
        if closed.insert(name.clone())
            && let Some(schema) = components.schemas.get_mut(&name)
        {
            asked.extend(close(schema));
        }
    }
    if let Some(RefOr::T(Schema::Object(problem))) = components.schemas.get_mut("Problem")
        && let Some(RefOr::T(Schema::Object(kind))) = problem.properties.get_mut("type")
    {
        kind.enum_values = Some(problems::all().map(|kind| kind.uri().into()).collect());
    }
}

/// Every operation of a path.
pub(super) fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = path;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// Parameters that mean the same wherever they are. None of any can be null: it is left away.
fn describe(parameter: &mut Parameter) {
    if let Some(RefOr::T(schema)) = &mut parameter.schema {
        match schema {
            Schema::Object(Object { schema_type, .. }) => {
                if let SchemaType::Array(types) = schema_type
                    && let [Type::Null, kind] | [kind, Type::Null] = types.as_slice()
                {
                    *schema_type = SchemaType::Type(kind.clone());
                }
            }
            Schema::OneOf(one) => one.items.retain(|item| !is_null(item)),
            _ => {}
        }
    }
    let text = ObjectBuilder::new().schema_type(Type::String);
    let (text, example) = match (&parameter.parameter_in, parameter.name.as_str()) {
        // White space at an end is not part of a header's value.
        (ParameterIn::Header, "Idempotency-Key") => (
            text.min_length(Some(1)).max_length(Some(255)).pattern(Some("^[!-~]([ -~]*[!-~])?$")),
            "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        ),
        (ParameterIn::Header, "If-Match") => (text.format(Some(custom("entity-tag"))), "\"7\""),
        (ParameterIn::Query, "cursor") => {
            let text = text.min_length(Some(1)).max_length(Some(1000));
            parameter.schema = Some(text.format(Some(custom("cursor"))).into());
            return;
        }
        _ => return,
    };
    parameter.schema = Some(text.examples([example]).into());
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(Object { schema_type: SchemaType::Type(Type::Null), .. })))
}

fn custom(format: &str) -> utoipa::openapi::SchemaFormat {
    utoipa::openapi::SchemaFormat::Custom(format.to_owned())
}

/// The headers that go with a status, and what its problem looks like.
fn complete_response(status: &str, response: &mut Response) {
    let header = match status {
        "401" => Some(("WWW-Authenticate", Type::String, "How to authenticate (RFC 6750)")),
        "429" | "503" => Some(("Retry-After", Type::Integer, "In how many seconds to try again, if known")),
        _ => None,
    };
    if let Some((name, kind, description)) = header {
        let schema = ObjectBuilder::new().schema_type(kind).build();
        let mut header = Header::new(schema);
        header.description = Some(description.to_owned());
        response.headers.entry(name.to_owned()).or_insert(RefOr::T(header));
    }
    if let Some(RefOr::T(content)) = response.content.get_mut(problem::MEDIA_TYPE) {
        content.example = content.example.take().or_else(|| example(status));
    }
}

/// The kind of problem that a status mostly means.
fn example(status: &str) -> Option<serde_json::Value> {
    let kind = problems::all().find(|kind| kind.status.as_str() == status)?;
    let mut example = json!({
        "type": kind.uri(), "title": kind.title, "status": kind.status.as_u16(), "detail": kind.advice,
        "instance": "urn:trace:01a20c43cac574979e75200a239b9715",
    });
    if *kind == problem::INVALID {
        example["errors"] = json!([{ "field": "title", "rule": "required", "detail": "This is missing." }]);
    }
    Some(example)
}

/// Says that objects in a body have no other members, as `Found::unknown_members` refuses them; gives the names of
/// the schemas it refers to.
fn close(schema: &mut RefOr<Schema>) -> Vec<String> {
    match schema {
        RefOr::Ref(Ref { ref_location, .. }) => {
            ref_location.rsplit('/').next().map(str::to_owned).into_iter().collect()
        }
        RefOr::T(Schema::Object(Object { properties, additional_properties, .. })) => {
            if !properties.is_empty() {
                additional_properties.get_or_insert_with(|| Box::new(AdditionalProperties::FreeForm(false)));
            }
            properties.values_mut().flat_map(close).collect()
        }
        RefOr::T(Schema::Array(array)) => match &mut array.items {
            ArrayItems::RefOrSchema(items) => close(items),
            ArrayItems::False => Vec::new(),
        },
        RefOr::T(Schema::OneOf(one)) => one.items.iter_mut().flat_map(close).collect(),
        RefOr::T(Schema::AnyOf(any)) => any.items.iter_mut().flat_map(close).collect(),
        // Parts of a whole: a closed one would refuse the members of the others.
        RefOr::T(_) => Vec::new(),
    }
}

fn body_schema(content: &mut RefOr<Content>) -> Option<&mut RefOr<Schema>> {
    match content {
        RefOr::T(content) => content.schema.as_mut(),
        RefOr::Ref(_) => None,
    }
}
