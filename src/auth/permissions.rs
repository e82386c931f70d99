//! Permissions and roles (product.md, 5).

use serde::Serialize;
use utoipa::ToSchema;

use crate::text_enum;

macro_rules! permissions {
    ($($variant:ident => $text:tt, $doc:literal;)+) => {
        text_enum! {
            /// A right to do one kind of thing in a tenant (or, `portal.manage`, in the portal).
            pub enum Permission { $(#[doc = $doc] $variant => $text),+ }
        }

        /// One type for each permission, for a handler's signature: `Allowed<can::LimitsChange>`.
        pub mod can {
            use super::{Demand, Permission};
            $(
                #[doc = $doc]
                #[derive(Debug, Clone, Copy)]
                pub struct $variant;
                impl Demand for $variant { const PERMISSION: Permission = Permission::$variant; }
            )+
        }
    };
}

/// A type that stands for a permission.
pub trait Demand {
    /// The permission that the handler demands.
    const PERMISSION: Permission;
}

permissions! {
    PortalManage => "portal.manage", "Manage tenants, bundles, self-booking and the monitor.";
    AgreementAccept => "agreement.accept", "Accept the data processing agreement.";
    UsersManage => "users.manage", "Manage users, their roles, and API keys.";
    SettingsManage => "settings.manage", "Change the tenant's settings.";
    TerminalsManage => "terminals.manage", "Manage terminals and their keys.";
    CustomersRead => "customers.read", "Read customers.";
    CustomersWrite => "customers.write", "Make and change customers.";
    AccountsRead => "accounts.read", "Read accounts.";
    AccountsWrite => "accounts.write", "Change an account's flags, holders and status.";
    LimitsChange => "limits.change", "Raise and lower credit limits.";
    CreditsPost => "credits.post", "Post prepaid credits.";
    RefundsWithoutSale => "refunds.without_sale", "Post a refund that belongs to no sale.";
    StatementsRead => "statements.read", "Read statements.";
    MutationsRead => "mutations.read", "Read mutations.";
    ExportsRead => "exports.read", "Read exports.";
    InvoicingRun => "invoicing.run", "Run and reverse invoices.";
    EntriesReverse => "entries.reverse", "Reverse mutations.";
    ImportsRun => "imports.run", "Import spreadsheets.";
    TillList => "till.list", "List and find accounts at a till.";
    TillPost => "till.post", "Post, look up, void and refund sales.";
    TillTotals => "till.totals", "Read a till's own totals.";
    OwnRead => "own.read", "Read one's own accounts, statements and documents, as a customer.";
    OwnWrite => "own.write", "Say with whom one's own documents are shared, as a customer.";
}

impl Permission {
    /// Whether it works before the data processing agreement is accepted. Users are made before: someone must be there
    /// to accept it.
    #[must_use]
    pub fn is_before_agreement(self) -> bool {
        matches!(
            self,
            Permission::PortalManage | Permission::AgreementAccept | Permission::UsersManage
        )
    }

    /// Whether it belongs to a till, which an outdated agreement does not stop.
    #[must_use]
    pub fn is_till(self) -> bool {
        matches!(
            self,
            Permission::TillList | Permission::TillPost | Permission::TillTotals
        )
    }

    /// Whether a key may have it. The others make or unmake rights (a terminal's key outlives the one that
    /// made it) or are about what is one's own, so only a person has them.
    #[must_use]
    pub fn is_for_keys(self) -> bool {
        !matches!(
            self,
            Permission::PortalManage
                | Permission::AgreementAccept
                | Permission::UsersManage
                | Permission::SettingsManage
                | Permission::TerminalsManage
                | Permission::OwnRead
                | Permission::OwnWrite
        )
    }

    fn bit(self) -> u32 {
        let position = Permission::ALL
            .iter()
            .position(|permission| *permission == self)
            .unwrap_or(31);
        1_u32.rotate_left(u32::try_from(position).unwrap_or(31))
    }
}

/// A set of permissions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PermissionSet(u32);

impl PermissionSet {
    /// Whether the permission is in the set.
    #[must_use]
    pub fn has(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        PermissionSet(self.0 | other.0)
    }

    /// The words with commas between, as a key's permissions are kept.
    #[must_use]
    pub fn words(self) -> String {
        self.iter().map(Permission::as_str).collect::<Vec<_>>().join(",")
    }

    /// What is in the set, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(move |permission| self.has(*permission))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        PermissionSet(
            permissions
                .into_iter()
                .fold(0, |bits, permission| bits | permission.bit()),
        )
    }
}

impl Serialize for PermissionSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl utoipa::PartialSchema for PermissionSet {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        <Vec<Permission> as utoipa::PartialSchema>::schema()
    }
}

impl ToSchema for PermissionSet {}

text_enum! {
    /// What a user is in a tenant.
    pub enum Role {
        /// All but the portal.
        Director => "director",
        /// All but the portal, the agreement, users and settings.
        Superuser => "superuser",
        /// Customers, accounts, statements.
        Clerk => "clerk",
        /// The bookkeeping seat.
        Backoffice => "backoffice",
        /// Someone who buys on account and sees their own.
        Customer => "customer",
    }
}

impl Role {
    /// What the role may do. A terminal's key has the three `till` permissions; so have those who may do everything at
    /// a till's side of the counter.
    #[must_use]
    pub fn permissions(self) -> PermissionSet {
        use Permission as P;
        let all = || {
            Permission::ALL
                .iter()
                .copied()
                .filter(|permission| !matches!(permission, P::PortalManage | P::OwnRead | P::OwnWrite))
        };
        match self {
            Role::Director => all().collect(),
            Role::Superuser => all()
                .filter(|p| !matches!(p, P::AgreementAccept | P::UsersManage | P::SettingsManage))
                .collect(),
            Role::Clerk => [
                P::CustomersRead,
                P::CustomersWrite,
                P::AccountsRead,
                P::AccountsWrite,
                P::StatementsRead,
            ]
            .into_iter()
            .collect(),
            Role::Backoffice => [P::CustomersRead, P::AccountsRead, P::StatementsRead, P::ExportsRead]
                .into_iter()
                .collect(),
            Role::Customer => [P::OwnRead, P::OwnWrite].into_iter().collect(),
        }
    }
}

/// What a terminal's key may do.
pub const TERMINAL: [Permission; 3] = [Permission::TillList, Permission::TillPost, Permission::TillTotals];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_what_the_design_gives_them() {
        let has = |role: Role, permission| role.permissions().has(permission);
        assert!(has(Role::Director, Permission::AgreementAccept));
        assert!(!has(Role::Director, Permission::PortalManage));
        assert!(has(Role::Superuser, Permission::TerminalsManage));
        assert!(!has(Role::Superuser, Permission::UsersManage));
        assert!(has(Role::Clerk, Permission::CustomersWrite));
        assert!(!has(Role::Clerk, Permission::LimitsChange));
        assert!(!has(Role::Backoffice, Permission::MutationsRead));
        assert_eq!(
            Role::Customer.permissions().iter().collect::<Vec<_>>(),
            [Permission::OwnRead, Permission::OwnWrite]
        );
        assert!(!has(Role::Director, Permission::OwnRead) && !has(Role::Director, Permission::OwnWrite));
    }

    #[test]
    fn a_set_gives_back_what_was_put_in() {
        let set: PermissionSet = TERMINAL.into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), TERMINAL);
    }
}
