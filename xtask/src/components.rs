//! Gives each replica's sidecar the files of `dapr/` that are for its app, with ports and paths filled in, and tells
//! which components and topics those are.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, File},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    apps::App,
    broker::Pubsub,
    cluster::{self, DATABASE},
    kafka::{self, Topic},
    ports::instance,
    stack::StackOptions,
    state_dir::{StateDir, fnv1a},
    workspace,
};

const SUBSCRIPTIONS: &str = "subscriptions";
const RESOURCES: [&str; 3] = ["components", SUBSCRIPTIONS, "resiliency"];
const CONFIG: &str = "config/config.yaml";
const SECRET_STORE: &str = "secretstore.yaml";
/// Divided evenly among two, three, four or six sidecars, and enough for a dozen.
const PARTITIONS: u16 = 12;

/// Writes the configuration of all sidecars into the state directory, and forgets what earlier ones were given.
pub(crate) fn prepare(options: &StackOptions) -> Result<()> {
    let StackOptions { directory, .. } = options;
    // A file that is gone from the checkout must be gone here.
    fs::remove_dir_all(directory.components())?;
    fs::create_dir_all(directory.components())?;
    // Nor may a sidecar of an earlier run be found.
    directory.forget_names()?;
    Ok(fs::write(directory.config(), filled(&source().join(CONFIG), &values(options, "")?)?)?)
}

/// Writes the resources of one replica's sidecar.
pub(crate) fn render(options: &StackOptions, app: &App, number: u16) -> Result<()> {
    let replica = instance(app.id, number);
    let target = options.directory.resources(&replica);
    fs::create_dir_all(&target)?;
    let values = values(options, &replica)?;
    // daprd heeds the scopes too, but takes what is for others for new whenever it compares.
    let write = |path: &Path, name: &OsStr| -> Result<()> {
        let text = filled(path, &values)?;
        if is_for(&text, app.id) {
            write_private(&target.join(name), &text)?;
        }
        Ok(())
    };
    for folder in RESOURCES {
        for path in files(folder)? {
            write(&path, path.file_name().unwrap_or_default())?;
        }
    }
    write(&source().join("pubsub").join(format!("{}.yaml", options.pubsub.name())), OsStr::new("pubsub.yaml"))
}

/// Lets the sidecars that run read the secrets again: daprd reads a file of secrets when its component is new to it.
pub(crate) fn announce_secrets(directory: &StateDir) -> Result<()> {
    let text = filled(&source().join("components").join(SECRET_STORE), &secrets(directory)?)?;
    for entry in fs::read_dir(directory.components())? {
        let path = entry?.path().join(SECRET_STORE);
        if path.is_file() {
            // Whole or not at all: daprd looks every other second.
            let draft = path.with_extension("draft");
            write_private(&draft, &text)?;
            fs::rename(&draft, &path)?;
        }
    }
    Ok(())
}

/// The topics that somebody subscribes to. Dead letters are few, and need not be shared.
pub(crate) fn topics() -> Result<Vec<Topic>> {
    let (mut topics, mut dead_letters) = (BTreeSet::new(), BTreeSet::new());
    for path in files(SUBSCRIPTIONS)? {
        for line in fs::read_to_string(path)?.lines() {
            topics.extend(line.strip_prefix("  topic: ").map(str::to_owned));
            dead_letters.extend(line.strip_prefix("  deadLetterTopic: ").map(str::to_owned));
        }
    }
    let partitions = |topic: &String| if dead_letters.contains(topic) { 1 } else { PARTITIONS };
    let all = topics.union(&dead_letters);
    Ok(all.map(|name| Topic { name: name.clone(), partitions: partitions(name) }).collect())
}

fn source() -> PathBuf {
    workspace::root().join("dapr")
}

/// The YAML files in a folder of `dapr/`.
fn files(folder: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(source().join(folder)).with_context(|| format!("no folder dapr/{folder}"))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|is| is == "yaml")).collect())
}

/// The names of the components that a sidecar of `app_id` loads from these directories.
pub(crate) fn names(directories: &[PathBuf], app_id: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for directory in directories {
        for entry in fs::read_dir(directory).with_context(|| format!("no folder {}", directory.display()))? {
            let text = fs::read_to_string(entry?.path())?;
            names.extend(component(&text).filter(|_| is_for(&text, app_id)).map(str::to_owned));
        }
    }
    Ok(names)
}

/// The name of the component that a file in this project's layout describes, if it describes one.
fn component(text: &str) -> Option<&str> {
    text.lines().find(|line| *line == "kind: Component")?;
    text.lines().find_map(|line| line.strip_prefix("  name: "))
}

/// Whether an app is among the scopes; without any, all are.
fn is_for(text: &str, app_id: &str) -> bool {
    let after = text.lines().skip_while(|line| *line != "scopes:").skip(1);
    let mut scopes = after.map_while(|line| line.strip_prefix("  - ")).peekable();
    scopes.peek().is_none() || scopes.any(|scope| scope == app_id)
}

/// Writes a file that only this user reads: some hold passwords.
fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}

/// What stands for each placeholder in the files of a replica.
fn values(options: &StackOptions, replica: &str) -> Result<Vec<(&'static str, String)>> {
    let StackOptions { directory, ports, pubsub, broker_links, .. } = options;
    let broker = match pubsub {
        Pubsub::Redis => ports.redis,
        Pubsub::Kafka => ports.kafka.broker,
    };
    let broker = broker_links.get(replica).map_or(broker, |link| link.near);
    let password = fs::read_to_string(directory.postgres_password())?;
    let mut values = secrets(directory)?.to_vec();
    values.extend([
        ("broker_port", broker.to_string()),
        ("group_suffix", kafka::group_suffix(directory)),
        ("smtp_port", ports.smtp.to_string()),
        ("names_file", directory.names().display().to_string()),
        ("database_url", cluster::url(&password, ports.postgres, DATABASE)),
    ]);
    Ok(values)
}

/// Where the secrets are, and a text that changes with them.
fn secrets(directory: &StateDir) -> Result<[(&'static str, String); 2]> {
    let file = directory.secrets();
    let revision = format!("{:016x}", fnv1a(&fs::read(&file)?));
    Ok([("secrets_file", file.display().to_string()), ("secrets_revision", revision)])
}

fn filled(source: &Path, values: &[(&str, String)]) -> Result<String> {
    fill(&fs::read_to_string(source)?, values).with_context(|| source.display().to_string())
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
    use crate::{apps::APPS, broker::BrokerLink, ports::Ports, state_dir::StateDir};

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
        let mut options = StackOptions::for_test("components").unwrap();
        options.directory.remove().unwrap();
        options.directory = directory.clone();
        options.ports = Ports::fixed(&"todo-actors=2".parse().unwrap(), 8000);
        options.broker_links.insert("todo-actors-2".into(), BrokerLink { near: 7000, far: 7001 });
        fs::create_dir(temporary.path().join("kafka")).unwrap();
        kafka::offer_all_again(&directory, 7).unwrap();
        for (pubsub, port) in [(Pubsub::Redis, 6389), (Pubsub::Kafka, 6392)] {
            options.pubsub = pubsub;
            prepare(&options).unwrap();
            for app in APPS {
                let replicas = 0..options.ports.of(app.id).len() as u16;
                replicas.for_each(|number| render(&options, app, number).unwrap());
            }
            for (replica, port) in [("todo-actors", port), ("todo-actors-2", 7000)] {
                let file = fs::read_to_string(directory.resources(replica).join("pubsub.yaml")).unwrap();
                assert!(file.contains(&format!("pubsub.{}", pubsub.name())), "{file}");
                assert!(file.contains(&format!(r#"value: "127.0.0.1:{port}""#)), "{file}");
            }
            let file = fs::read_to_string(directory.resources("audit-service").join("pubsub.yaml")).unwrap();
            assert_eq!(file.contains(r#"value: "{appID}-7""#), pubsub == Pubsub::Kafka, "{file}");
            assert!(directory.config().exists());
            let names = |app| names(&[directory.resources(app)], app).unwrap();
            assert_eq!(names("todo-actors"), ["pubsub"]);
            assert!(names("notification-service").contains(&"email".to_owned()));
            for component in ["secretstore", "statestore"] {
                assert!(names("todo-backend").contains(&component.to_owned()), "{component}");
            }
            let store = directory.resources("todo-backend").join("secretstore.yaml");
            let before = fs::read_to_string(&store).unwrap();
            announce_secrets(&directory).unwrap();
            assert_eq!(fs::read_to_string(&store).unwrap(), before, "nothing new");
            directory.add_key("20261201T000000Z", None).unwrap();
            announce_secrets(&directory).unwrap();
            assert_ne!(fs::read_to_string(&store).unwrap(), before);
        }
    }

    #[test]
    fn every_topic_somebody_subscribes_to_is_made() {
        let topics = topics().unwrap();
        let partitions = |name: &str| topics.iter().find(|topic| topic.name == name).map(|it| it.partitions);
        assert_eq!(partitions("task-events"), Some(PARTITIONS));
        assert_eq!(partitions("dead-letters-audit-service"), Some(1));
    }

    #[test]
    fn scopes_say_whom_a_file_is_for() {
        let file = "kind: Component\nmetadata:\n  name: email\nspec:\n  type: x\n";
        let scoped = format!("{file}scopes:\n  - notifier\n  - clerk\n");
        assert_eq!((component(file), component("kind: Subscription\n  name: x\n")), (Some("email"), None));
        assert!(is_for(file, "anyone"));
        assert!(is_for(&scoped, "clerk") && !is_for(&scoped, "anyone"));
    }
}
