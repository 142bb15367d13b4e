//! What a container finds in its environment, and `$(NAME)` in its arguments.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Pod};

use super::volume::Volumes;

/// The environment of a container.
///
/// # Errors
///
/// What is missing, as a kubelet says it.
pub(crate) async fn environment(
    volumes: &Volumes,
    container: &Container,
) -> Result<BTreeMap<String, String>, String> {
    let mut known: BTreeMap<String, String> = [
        (
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ),
        (
            "HOSTNAME",
            volumes.pod.metadata.name.as_deref().unwrap_or_default(),
        ),
        ("KUBERNETES_SERVICE_HOST", crate::network::API_SERVICE),
        ("KUBERNETES_SERVICE_PORT", "443"),
        ("HOME", "/"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    for source in container.env_from.iter().flatten() {
        let data = match (&source.config_map_ref, &source.secret_ref) {
            (Some(map), _) => volumes.config_map(&map.name, map.optional).await?,
            (_, Some(secret)) => volumes.secret(&secret.name, secret.optional).await?,
            _ => continue,
        };
        let prefix = source.prefix.as_deref().unwrap_or_default();
        known.extend(
            data.iter()
                .map(|(key, value)| (format!("{prefix}{key}"), text(value))),
        );
    }
    for variable in container.env.iter().flatten() {
        let from = variable.value_from.as_ref();
        let value = if let Some(field) = from.and_then(|from| from.field_ref.as_ref()) {
            field_of(&volumes.pod, &field.field_path, &volumes.address)
        } else if let Some(key) = from.and_then(|from| from.secret_key_ref.as_ref()) {
            let data = volumes.secret(&key.name, key.optional).await?;
            match (data.get(&key.key), key.optional) {
                (Some(value), _) => text(value),
                (None, Some(true)) => continue,
                (None, _) => {
                    return Err(format!(
                        "couldn't find key {} in Secret {}",
                        key.key, key.name
                    ));
                }
            }
        } else if let Some(key) = from.and_then(|from| from.config_map_key_ref.as_ref()) {
            let data = volumes.config_map(&key.name, key.optional).await?;
            match (data.get(&key.key), key.optional) {
                (Some(value), _) => text(value),
                (None, Some(true)) => continue,
                (None, _) => {
                    return Err(format!(
                        "couldn't find key {} in ConfigMap {}",
                        key.key, key.name
                    ));
                }
            }
        } else if from.is_some() {
            // Of a resource: what the machine has.
            "0".to_owned()
        } else {
            expanded(variable.value.as_deref().unwrap_or_default(), &known)
        };
        known.insert(variable.name.clone(), value);
    }
    Ok(known)
}

/// A field of a pod by the path of the downward API.
pub(crate) fn field_of(pod: &Pod, path: &str, address: &str) -> String {
    match path {
        "status.podIP" => return address.to_owned(),
        "status.hostIP" => return crate::network::BRIDGE.to_owned(),
        _ => {}
    }
    let value = serde_json::to_value(pod).unwrap_or_default();
    let (steps, key) = match path.split_once("['") {
        Some((steps, key)) => (steps, Some(key.trim_end_matches("']"))),
        None => (path, None),
    };
    let mut at = &value;
    for step in steps.split('.').chain(key) {
        at = &at[step];
    }
    at.as_str().map_or_else(String::new, str::to_owned)
}

/// `$(NAME)` replaced by what is known; `$$` is a dollar sign, unknown names stay.
pub(crate) fn expanded(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = after
            .strip_prefix('(')
            .and_then(|after| after.split_once(')'))
        {
            match known.get(name) {
                Some(value) => out.push_str(value),
                None => out.push_str(&format!("$({name})")),
            }
            rest = after;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out + rest
}
