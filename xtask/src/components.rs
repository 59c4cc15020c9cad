//! Fills in what differs between machines in the files of `dapr/`: ports and paths.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::{ports::Ports, state_dir::StateDir, workspace};

const RESOURCES: [&str; 3] = ["components", "subscriptions", "resiliency"];
const CONFIG: &str = "config/config.yaml";

/// Writes the resources and the configuration of all sidecars into the state directory.
pub(crate) fn render(directory: &StateDir, ports: &Ports) -> Result<()> {
    let source = workspace::root().join("dapr");
    let target = directory.components();
    // A file that is gone from the checkout must be gone here.
    fs::remove_dir_all(&target)?;
    fs::create_dir_all(&target)?;
    // Nor may a sidecar of an earlier run be found.
    directory.forget_names()?;
    let values = values(directory, ports);
    for folder in RESOURCES {
        for entry in fs::read_dir(source.join(folder)).with_context(|| format!("no folder dapr/{folder}"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                write(&path, &target.join(path.file_name().unwrap_or_default()), &values)?;
            }
        }
    }
    write(&source.join(CONFIG), &directory.config(), &values)
}

fn values(directory: &StateDir, ports: &Ports) -> [(&'static str, String); 4] {
    [
        ("redis_port", ports.redis.to_string()),
        ("smtp_port", ports.smtp.to_string()),
        ("secrets_file", directory.secrets().display().to_string()),
        ("names_file", directory.names().display().to_string()),
    ]
}

fn write(source: &Path, target: &Path, values: &[(&str, String)]) -> Result<()> {
    let text = fs::read_to_string(source)?;
    let filled = fill(&text, values).with_context(|| source.display().to_string())?;
    Ok(fs::write(target, filled)?)
}

/// Replaces every `{{name}}` by its value.
fn fill(template: &str, values: &[(&str, String)]) -> Result<String> {
    let filled = values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value));
    if let Some((_, rest)) = filled.split_once("{{") {
        bail!("nothing is known for {{{{{}", rest.lines().next().unwrap_or_default());
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::Replicas;

    #[test]
    fn placeholders_are_replaced_and_unknown_ones_refused() {
        let values = [("port", "6389".to_owned())];
        assert_eq!(fill("host: 127.0.0.1:{{port}}", &values).unwrap(), "host: 127.0.0.1:6389");
        assert!(fill("{{prot}}", &values).is_err());
    }

    #[test]
    fn all_files_of_the_checkout_can_be_filled_in() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = StateDir::resolve(Some(temporary.path())).unwrap();
        directory.create().unwrap();
        render(&directory, &Ports::fixed(&Replicas::default(), 8000)).unwrap();
        let pubsub = fs::read_to_string(directory.components().join("pubsub.yaml")).unwrap();
        assert!(pubsub.contains(r#"value: "127.0.0.1:6389""#), "{pubsub}");
        assert!(directory.config().exists());
    }
}
