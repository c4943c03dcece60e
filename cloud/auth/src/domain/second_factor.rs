//! The second factor of staff: the policy that requires one, and the codes that they enter.

use serde::{Deserialize, Serialize};
use wire::Permission;

use super::{OneTimeCode, SignInCode};

/// Which staff cannot sign in without a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecondFactorPolicy {
    #[default]
    Off,
    /// Staff whose role moves money, or manages people, keys or edges.
    Sensitive,
    Staff,
}

impl SecondFactorPolicy {
    pub(crate) fn is_off(self) -> bool {
        self == Self::Off
    }

    /// True if an admin with these permissions needs a second factor.
    pub(crate) fn requires_factor(self, permissions: &[Permission]) -> bool {
        match self {
            Self::Off => false,
            Self::Sensitive => permissions.iter().copied().any(is_sensitive),
            Self::Staff => true,
        }
    }
}

fn is_sensitive(permission: Permission) -> bool {
    match permission {
        Permission::RefundMoney
        | Permission::SetFees
        | Permission::RevokePeople
        | Permission::EndSessions
        | Permission::ResetPasswords
        | Permission::ManageRoles
        | Permission::ManageKeys
        | Permission::ManageEdges => true,
        Permission::PublishOrders
        | Permission::AcceptOrders
        | Permission::DoOrders
        | Permission::CancelOrders
        | Permission::WithdrawOrders
        | Permission::ApproveOrders
        | Permission::ModerateReviews
        | Permission::ReadDesks
        | Permission::VerifyProviders
        | Permission::ReadPeople
        | Permission::ReadPlatform
        | Permission::ManageRegions
        | Permission::ReadActs => false,
    }
}

/// A code that a person enters as their second factor.
pub(crate) enum SecondFactorCode {
    Authenticator(SignInCode),
    Recovery(OneTimeCode),
}

impl SecondFactorCode {
    /// `None` if the text is neither.
    pub(crate) fn parse_typed(text: &str) -> Option<Self> {
        let app_code = SignInCode::parse_typed(text).map(Self::Authenticator);
        app_code.or_else(|| OneTimeCode::parse_typed(text).map(Self::Recovery))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_those_who_move_money_or_manage_people() {
        use Permission::{ApproveOrders, ManageEdges, RefundMoney, ResetPasswords};
        assert!(!SecondFactorPolicy::Off.requires_factor(&[RefundMoney]));
        assert!(SecondFactorPolicy::Sensitive.requires_factor(&[ApproveOrders, RefundMoney]));
        assert!(SecondFactorPolicy::Sensitive.requires_factor(&[ResetPasswords]));
        assert!(SecondFactorPolicy::Sensitive.requires_factor(&[ManageEdges]));
        assert!(!SecondFactorPolicy::Sensitive.requires_factor(&[ApproveOrders]));
        assert!(SecondFactorPolicy::Staff.requires_factor(&[ApproveOrders]));
    }
}
