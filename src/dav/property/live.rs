use std::collections::HashMap;
use std::sync::LazyLock;

use crate::dav::xml::{Name, Ns};

/// Declares the properties that Fasti works out, by namespace and name.
macro_rules! live {
    ($($ns:ident { $($variant:ident = $name:literal, $rfc:literal;)* })*) => {
        /// A property that Fasti works out.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(in crate::dav) enum Live {
            $($(#[doc = concat!("`", $name, "`, ", $rfc)] $variant,)*)*
        }

        impl Live {
            /// All of them.
            pub const ALL: &[Self] = &[$($(Self::$variant,)*)*];

            /// Its name.
            pub fn name(self) -> Name {
                match self {
                    $($(Self::$variant => Name::new(Ns::$ns, $name),)*)*
                }
            }
        }
    };
}

live! {
    Dav {
        ResourceType = "resourcetype", "RFC 4918 §15.9";
        DisplayName = "displayname", "RFC 4918 §15.2";
        CreationDate = "creationdate", "RFC 4918 §15.1";
        LastModified = "getlastmodified", "RFC 4918 §15.7";
        ContentType = "getcontenttype", "RFC 4918 §15.5";
        ContentLength = "getcontentlength", "RFC 4918 §15.4";
        ETag = "getetag", "RFC 4918 §15.6";
        CurrentUserPrincipal = "current-user-principal", "RFC 5397 §3";
        PrincipalUrl = "principal-URL", "RFC 3744 §4.2";
        AlternateUriSet = "alternate-URI-set", "RFC 3744 §4.1";
        GroupMemberSet = "group-member-set", "RFC 3744 §4.3";
        GroupMembership = "group-membership", "RFC 3744 §4.4";
        PrincipalCollectionSet = "principal-collection-set", "RFC 3744 §5.8";
        Owner = "owner", "RFC 3744 §5.1";
        SupportedPrivilegeSet = "supported-privilege-set", "RFC 3744 §5.3";
        CurrentUserPrivilegeSet = "current-user-privilege-set", "RFC 3744 §5.4";
        Acl = "acl", "RFC 3744 §5.5";
        AclRestrictions = "acl-restrictions", "RFC 3744 §5.6";
        InheritedAclSet = "inherited-acl-set", "RFC 3744 §5.7";
        SupportedReportSet = "supported-report-set", "RFC 3253 §3.1.5";
        SyncToken = "sync-token", "RFC 6578 §4";
        ResourceId = "resource-id", "RFC 5842 §3.1";
        QuotaAvailable = "quota-available-bytes", "RFC 4331 §3";
        QuotaUsed = "quota-used-bytes", "RFC 4331 §4";
    }
    CalDav {
        CalendarHomeSet = "calendar-home-set", "RFC 4791 §6.2.1";
        CalendarUserAddressSet = "calendar-user-address-set", "RFC 6638 §2.4.1";
        CalendarUserType = "calendar-user-type", "RFC 6638 §2.4.2";
        ScheduleInboxUrl = "schedule-inbox-URL", "RFC 6638 §2.2.1";
        CalendarDescription = "calendar-description", "RFC 4791 §5.2.1";
        CalendarTimezone = "calendar-timezone", "RFC 4791 §5.2.2";
        CalendarTimezoneId = "calendar-timezone-id", "RFC 7809 §5.2";
        SupportedComponents = "supported-calendar-component-set", "RFC 4791 §5.2.3";
        SupportedCalendarData = "supported-calendar-data", "RFC 4791 §5.2.4";
        SupportedCollations = "supported-collation-set", "RFC 4791 §7.5.1";
        MaxResourceSize = "max-resource-size", "RFC 4791 §5.2.5";
        MinDateTime = "min-date-time", "RFC 4791 §5.2.6";
        MaxDateTime = "max-date-time", "RFC 4791 §5.2.7";
        MaxInstances = "max-instances", "RFC 4791 §5.2.8";
        MaxAttendees = "max-attendees-per-instance", "RFC 4791 §5.2.9";
        Transparency = "schedule-calendar-transp", "RFC 6638 §9.1";
        CalendarAvailability = "calendar-availability", "RFC 7953 §7.2.4";
    }
    CalendarServer {
        CTag = "getctag", "caldav-ctag-02";
        ProxyReadFor = "calendar-proxy-read-for", "caldav-proxy §5.3.1";
        ProxyWriteFor = "calendar-proxy-write-for", "caldav-proxy §5.3.1";
        EmailAddressSet = "email-address-set", "caldav-cu-address";
        OldCalendarAvailability = "calendar-availability", "what Apple calls it";
    }
}

impl Live {
    /// Whether clients may set it. What they set is kept for each of them, beside properties that only clients know.
    pub const fn is_settable(self) -> bool {
        matches!(
            self,
            Self::DisplayName
                | Self::CalendarDescription
                | Self::CalendarTimezone
                | Self::CalendarTimezoneId
                | Self::Transparency
                | Self::CalendarAvailability
                | Self::OldCalendarAvailability
                | Self::GroupMemberSet
        )
    }

    /// Whether it says who may act for whom.
    pub const fn is_about_relations(self) -> bool {
        matches!(self, Self::GroupMemberSet | Self::GroupMembership | Self::ProxyReadFor | Self::ProxyWriteFor)
    }

    /// Whether `DAV:allprop` gives it: what RFC 4918 defines. Others may cost more and are named by who wants them
    /// (RFC 3744 §5, RFC 4791 §5.2, RFC 6578 §4).
    pub const fn is_in_allprop(self) -> bool {
        matches!(
            self,
            Self::ResourceType
                | Self::DisplayName
                | Self::CreationDate
                | Self::LastModified
                | Self::ContentType
                | Self::ContentLength
                | Self::ETag
        )
    }
}

static BY_NAME: LazyLock<HashMap<Name, Live>> =
    LazyLock::new(|| Live::ALL.iter().map(|live| (live.name(), *live)).collect());

/// The property of this name, if Fasti works it out.
pub(in crate::dav) fn live(name: &Name) -> Option<Live> {
    BY_NAME.get(name).copied()
}
