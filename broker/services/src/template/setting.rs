//! What a template says of resources that are there already, and of a certificate's end.

/// What is done with a property of something that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverrideSetting {
    /// It stays as it is.
    DoNothing,
    /// It becomes what the template says.
    Replace,
    /// Provisioning fails.
    Fail,
    /// What the template says is added.
    Merge,
}

impl OverrideSetting {
    /// Every setting.
    pub const ALL: &[Self] = &[Self::DoNothing, Self::Replace, Self::Fail, Self::Merge];

    /// As templates spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DoNothing => "DO_NOTHING",
            Self::Replace => "REPLACE",
            Self::Fail => "FAIL",
            Self::Merge => "MERGE",
        }
    }
}

/// The override settings of a thing's properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThingOverrides {
    /// Of its attributes.
    pub attributes: OverrideSetting,
    /// Of its type.
    pub type_name: OverrideSetting,
    /// Of its groups.
    pub groups: OverrideSetting,
}

impl Default for ThingOverrides {
    /// What counts where the template says nothing: K-17.
    fn default() -> Self {
        let setting = OverrideSetting::DoNothing;
        Self { attributes: setting, type_name: setting, groups: setting }
    }
}

/// The state that provisioning gives a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CertificateOutcome {
    /// What a template that says nothing means.
    #[default]
    Active,
    /// The device has to wait.
    Inactive,
}

impl CertificateOutcome {
    /// Reads a template's spelling; a sample of the documents writes `Active` (`state.md` 3.7).
    ///
    /// # Errors
    /// A sentence that says what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            _ if text.eq_ignore_ascii_case("ACTIVE") => Ok(Self::Active),
            _ if text.eq_ignore_ascii_case("INACTIVE") => Ok(Self::Inactive),
            _ => Err(format!("{text:?} is no status here; ACTIVE and INACTIVE are")),
        }
    }
}
