//! Volumes of a pod as folders: ConfigMaps, Secrets and tokens are written as a kubelet does (a link that is
//! changed at once, so that no reader sees half), and again when they changed; claims are the cluster's folders.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use k8s_openapi::api::authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{
    ConfigMap, KeyToPath, Pod, Secret, ServiceAccount, ServiceAccountTokenProjection, Volume,
};
use kube::api::PostParams;
use kube::{Api, Client};

use super::environment::field_of;

/// A file of a volume: its name below it, what it holds, its mode.
type Files = BTreeMap<String, (Vec<u8>, i32)>;

const MODE: i32 = 0o644;

/// What is needed to fill the volumes of a pod.
pub(crate) struct Volumes {
    pub(crate) client: Client,
    pub(crate) pod: Pod,
    pub(crate) namespace: String,
    /// Folder of the pod's own volumes.
    pub(crate) folder: PathBuf,
    /// Folder of all claims.
    pub(crate) claims: PathBuf,
    pub(crate) address: String,
}

impl Volumes {
    /// Where a volume lies.
    pub(crate) fn path(&self, volume: &Volume) -> PathBuf {
        match &volume.persistent_volume_claim {
            Some(claim) => self
                .claims
                .join(format!("{}-{}", self.namespace, claim.claim_name)),
            None => self.folder.join(&volume.name),
        }
    }

    /// Makes or refreshes all volumes.
    ///
    /// # Errors
    ///
    /// What the pod has to wait for, as a kubelet says it: `configmap "x" not found`.
    pub(crate) async fn fill(&self) -> Result<(), String> {
        let specification = self.pod.spec.clone().unwrap_or_default();
        let group = specification
            .security_context
            .as_ref()
            .and_then(|context| context.fs_group);
        for volume in specification.volumes.iter().flatten() {
            let path = self.path(volume);
            let new = !path.exists();
            fs::create_dir_all(&path).map_err(|error| error.to_string())?;
            if let Some(files) = self.files(volume, &path).await? {
                replace(&path, &files, group).map_err(|error| error.to_string())?;
            } else if volume.persistent_volume_claim.is_some() || new {
                open_to(&path, group).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    /// The files that a volume is to hold; none where the pod writes them itself.
    async fn files(&self, volume: &Volume, path: &Path) -> Result<Option<Files>, String> {
        let mut files = Files::new();
        if let Some(source) = &volume.config_map {
            let data = self.config_map(&source.name, source.optional).await?;
            pick(
                &mut files,
                data,
                source.items.as_deref(),
                source.default_mode,
            );
        } else if let Some(source) = &volume.secret {
            let name = source.secret_name.clone().unwrap_or_default();
            let data = self.secret(&name, source.optional).await?;
            pick(
                &mut files,
                data,
                source.items.as_deref(),
                source.default_mode,
            );
        } else if let Some(projected) = &volume.projected {
            let mode = projected.default_mode;
            for source in projected.sources.iter().flatten() {
                if let Some(source) = &source.config_map {
                    let data = self.config_map(&source.name, source.optional).await?;
                    pick(&mut files, data, source.items.as_deref(), mode);
                }
                if let Some(source) = &source.secret {
                    let data = self.secret(&source.name, source.optional).await?;
                    pick(&mut files, data, source.items.as_deref(), mode);
                }
                if let Some(source) = &source.service_account_token {
                    let token = self.token(source, path).await?;
                    files.insert(source.path.clone(), (token, mode.unwrap_or(MODE)));
                }
                for item in source
                    .downward_api
                    .iter()
                    .flat_map(|api| api.items.iter().flatten())
                {
                    let path = item
                        .field_ref
                        .as_ref()
                        .map_or("", |field| &field.field_path);
                    let value = field_of(&self.pod, path, &self.address).into_bytes();
                    files.insert(item.path.clone(), (value, mode.unwrap_or(MODE)));
                }
            }
        } else {
            return Ok(None);
        }
        Ok(Some(files))
    }

    pub(super) async fn config_map(
        &self,
        name: &str,
        optional: Option<bool>,
    ) -> Result<BTreeMap<String, Vec<u8>>, String> {
        let found = Api::<ConfigMap>::namespaced(self.client.clone(), &self.namespace)
            .get_opt(name)
            .await;
        let Some(object) = there(found, "configmap", name, optional)? else {
            return Ok(BTreeMap::new());
        };
        let texts = object
            .data
            .into_iter()
            .flatten()
            .map(|(key, text)| (key, text.into_bytes()));
        Ok(texts
            .chain(
                object
                    .binary_data
                    .into_iter()
                    .flatten()
                    .map(|(key, bytes)| (key, bytes.0)),
            )
            .collect())
    }

    pub(super) async fn secret(
        &self,
        name: &str,
        optional: Option<bool>,
    ) -> Result<BTreeMap<String, Vec<u8>>, String> {
        let found = Api::<Secret>::namespaced(self.client.clone(), &self.namespace)
            .get_opt(name)
            .await;
        let Some(object) = there(found, "secret", name, optional)? else {
            return Ok(BTreeMap::new());
        };
        Ok(object
            .data
            .into_iter()
            .flatten()
            .map(|(key, bytes)| (key, bytes.0))
            .collect())
    }

    /// A token of the pod's ServiceAccount; the one at hand while four fifths of its life are not over.
    async fn token(
        &self,
        source: &ServiceAccountTokenProjection,
        path: &Path,
    ) -> Result<Vec<u8>, String> {
        let file = path.join(&source.path);
        let life = source.expiration_seconds.unwrap_or(3600);
        let age = fs::metadata(&file)
            .and_then(|data| data.modified())
            .ok()
            .and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age.as_secs_f64() < life as f64 * 0.8) {
            return fs::read(&file).map_err(|error| error.to_string());
        }
        let account = self
            .pod
            .spec
            .as_ref()
            .and_then(|pod| pod.service_account_name.as_deref())
            .unwrap_or("default");
        let request = TokenRequest {
            spec: TokenRequestSpec {
                audiences: source.audience.clone().into_iter().collect(),
                expiration_seconds: Some(life),
                bound_object_ref: Some(BoundObjectReference {
                    api_version: Some("v1".to_owned()),
                    kind: Some("Pod".to_owned()),
                    name: self.pod.metadata.name.clone(),
                    uid: self.pod.metadata.uid.clone(),
                }),
            },
            ..TokenRequest::default()
        };
        let accounts = Api::<ServiceAccount>::namespaced(self.client.clone(), &self.namespace);
        let made = accounts
            .create_token_request(account, &PostParams::default(), &request)
            .await;
        let made =
            made.map_err(|error| format!("token of serviceaccount \"{account}\": {error}"))?;
        Ok(made
            .status
            .map(|status| status.token.into_bytes())
            .unwrap_or_default())
    }
}

fn there<T>(
    found: kube::Result<Option<T>>,
    kind: &str,
    name: &str,
    optional: Option<bool>,
) -> Result<Option<T>, String> {
    match found {
        Ok(Some(object)) => Ok(Some(object)),
        Ok(None) if optional == Some(true) => Ok(None),
        Ok(None) => Err(format!("{kind} \"{name}\" not found")),
        Err(error) => Err(format!("{kind} \"{name}\": {error}")),
    }
}

fn pick(
    files: &mut Files,
    data: BTreeMap<String, Vec<u8>>,
    items: Option<&[KeyToPath]>,
    mode: Option<i32>,
) {
    let mode = mode.unwrap_or(MODE);
    match items {
        None => files.extend(data.into_iter().map(|(key, bytes)| (key, (bytes, mode)))),
        Some(items) => files.extend(items.iter().filter_map(|item| {
            let bytes = data.get(&item.key)?.clone();
            Some((item.path.clone(), (bytes, item.mode.unwrap_or(mode))))
        })),
    }
}

/// Writes the files into a folder of their own and turns the link to it, if anything changed.
fn replace(path: &Path, files: &Files, group: Option<i64>) -> std::io::Result<()> {
    let link = path.join("..data");
    let old = fs::canonicalize(&link).ok();
    let kept = old.as_ref().is_some_and(|old| {
        files
            .iter()
            .all(|(name, (bytes, _))| fs::read(old.join(name)).is_ok_and(|there| there == *bytes))
            && count(old) == files.len()
    });
    if kept {
        return Ok(());
    }
    let folder = path.join(format!("..{}", jiff::Timestamp::now().as_nanosecond()));
    for (name, (bytes, mode)) in files {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap_or(&folder))?;
        fs::write(&file, bytes)?;
        let readable = if group.is_some() {
            *mode | 0o040
        } else {
            *mode
        };
        fs::set_permissions(&file, PermissionsExt::from_mode(readable.cast_unsigned()))?;
        if let Some(group) = group {
            chown(&file, None, u32::try_from(group).ok())?;
        }
        let first = Path::new(name)
            .components()
            .next()
            .map(|part| PathBuf::from(part.as_os_str()));
        if let Some(first) = first.filter(|first| fs::symlink_metadata(path.join(first)).is_err()) {
            symlink(Path::new("..data").join(&first), path.join(&first))?;
        }
    }
    fs::create_dir_all(&folder)?;
    let next = path.join("..next");
    let _ = fs::remove_file(&next);
    symlink(folder.file_name().unwrap_or_default(), &next)?;
    fs::rename(&next, &link)?;
    match old {
        Some(old) => fs::remove_dir_all(old),
        None => Ok(()),
    }
}

fn count(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| {
            if entry.path().is_dir() {
                count(&entry.path())
            } else {
                1
            }
        })
        .sum()
}

/// Lets the pod's group write into a folder and what is in it.
fn open_to(path: &Path, group: Option<i64>) -> std::io::Result<()> {
    let Some(group) = group.and_then(|group| u32::try_from(group).ok()) else {
        return fs::set_permissions(path, PermissionsExt::from_mode(0o777));
    };
    chown(path, None, Some(group))?;
    let mode = fs::metadata(path)?.permissions().mode();
    fs::set_permissions(path, PermissionsExt::from_mode(mode | 0o2070))
}
