//! Error codes: stable words, each with its HTTP status and a sentence in English and Chinese.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Serialize};

/// The languages everything a person reads exists in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Language {
    #[default]
    #[serde(rename = "en")]
    English,
    #[serde(rename = "zh-CN")]
    Chinese,
}

impl Language {
    /// The first language of an `Accept-Language` header that we speak; English where there is none.
    pub fn from_accept(header: &str) -> Self {
        let mut wanted: Vec<(f32, &str)> = header
            .split(',')
            .filter_map(|part| {
                let (tag, rest) = part.split_once(';').unwrap_or((part, ""));
                let weight = rest.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse);
                weight.ok().filter(|q: &f32| *q > 0.0).map(|q| (q, tag.trim()))
            })
            .collect();
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
        wanted.into_iter().find_map(|(_, tag)| Self::from_tag(tag)).unwrap_or_default()
    }

    fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }
}

/// A sentence in both languages, for a channel that cannot ask which one is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub en: String,
    #[serde(rename = "zh-CN")]
    pub zh: String,
}

impl Text {
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Chinese => &self.zh,
        }
    }
}

macro_rules! codes {
    ($($variant:ident $text:literal $status:literal $en:literal $zh:literal),+ $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($variant,)+ }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
            /// The HTTP status it answers with.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }
            pub fn sentence(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$variant, Language::English) => $en,
                      (Self::$variant, Language::Chinese) => $zh,)+
                }
            }
        }

        impl FromStr for Code {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err("an unknown code".to_owned()),
                }
            }
        }
    };
}

codes! {
    // who is asking
    InvalidToken "invalid_token" 401 "Invalid token" "令牌无效",
    TokenExpired "token_expired" 401 "Your sign-in has expired. Sign in again." "登录已过期，请重新登录。",
    InvalidCredentials "invalid_credentials" 401 "The user name or the password is wrong." "用户名或密码错误。",
    AccountLocked "account_locked" 429 "Too many wrong passwords. Try again later." "密码错误次数过多，请稍后再试。",
    ProvidersOnly "providers_only" 403 "Only providers can accept orders" "只有服务商可以接单",
    RoleForbidden "role_forbidden" 403 "Your role may not do this." "您的角色无权执行此操作。",
    NotYours "not_yours" 403 "This order is not yours." "这不是您的订单。",
    Revoked "revoked" 403 "This account has been revoked." "该账号已被停用。",
    // what was asked
    InvalidInput "invalid_input" 422 "Some fields need correcting." "部分字段需要更正。",
    MalformedBody "malformed_body" 400 "The body could not be read." "无法读取请求内容。",
    BodyTooLarge "body_too_large" 413 "The body is too large." "请求内容过大。",
    NotFound "not_found" 404 "There is nothing here." "此处没有内容。",
    MethodNotAllowed "method_not_allowed" 405 "This cannot be done here." "此处不支持该操作。",
    UserExists "user_exists" 409 "This user name or email is taken." "该用户名或邮箱已被使用。",
    EdgeExists "edge_exists" 409 "An edge of this name is enrolled." "同名的边缘节点已登记。",
    OpNotStopped "op_not_stopped" 409 "This entry does not wait for an operator." "该条目并未在等待管理员处理。",
    EnrolmentCodeInvalid "enrolment_code_invalid" 401 "This enrolment code is unknown, used or expired." "登记码无效、已使用或已过期。",
    // orders
    OrderNotFound "order_not_found" 404 "This order does not exist." "订单不存在。",
    OrderExists "order_exists" 409 "An order with this id exists." "该编号的订单已存在。",
    OrderAlreadyAccepted "order_already_accepted" 400 "Order has been accepted by another provider" "订单已被其他服务商接走",
    OrderNotApproved "order_not_approved" 400 "This order still waits for approval." "订单仍在等待审核。",
    OrderCancelled "order_cancelled" 400 "This order has been cancelled." "订单已取消。",
    OrderRejected "order_rejected" 400 "This order has been rejected." "订单已被驳回。",
    WrongState "wrong_state" 400 "The order's state does not allow this." "订单当前状态不允许此操作。",
    FundsNotHeld "funds_not_held" 400 "Work starts once the customer's payment is held." "客户付款托管后才能开始服务。",
    OrderCancelledMeanwhile "order_cancelled_meanwhile" 200 "The customer cancelled before this arrived." "在此之前客户已取消订单。",
    OrderRejectedMeanwhile "order_rejected_meanwhile" 200 "The order was rejected before this arrived." "在此之前订单已被驳回。",
    CommandIdReused "command_id_reused" 409 "This command id was used for something else." "该操作编号已用于其他操作。",
    RegionAssigningOffline "region_assigning_offline" 409 "This region assigns its orders at its own node, which is out of reach." "该区域由本地节点派单，当前无法连接。",
    RegionTakenBack "region_taken_back" 400 "An operator took the region's right to assign back." "运营人员已收回该区域的派单权。",
    AcceptanceNotArrived "acceptance_not_arrived" 409 "Your acceptance stands only at the region's own node so far. Do this there, or try again once that node is connected." "您的接单目前只记录在区域节点，请在该节点操作，或等节点联网后重试。",
    EdgeEpochEnded "edge_epoch_ended" 409 "This run of the edge was ended; name the one it has now." "该节点的这一代已终止，请使用其当前的代次。",
    // what an edge may doubt
    LooksTaken "looks_taken" 200 "This order looks taken; the cloud decides." "该订单似乎已被接走，最终以云端为准。",
    LooksWrongState "looks_wrong_state" 200 "The order looks to be in another state; the cloud decides." "订单状态似乎已变化，最终以云端为准。",
    LooksNotYours "looks_not_yours" 200 "This order looks like another's; the cloud decides." "该订单似乎属于他人，最终以云端为准。",
    RegionHeldElsewhere "region_held_elsewhere" 200 "Stored at this node. Another node of the region assigns its orders: your acceptance is decided there, so do not start yet." "已保存在本节点。该区域由另一节点派单，您的接单由其决定，请先不要开工。",
    // the machine
    StorageFull "storage_full" 507 "The regional node's disk is full; nothing was stored. Try again later." "区域节点磁盘已满，未保存任何内容，请稍后再试。",
    UnknownOp "unknown_op" 422 "This version does not know the command." "当前版本无法识别该操作。",
    GateClosed "gate_closed" 503 "The region's gate is closed by an operator." "该区域的闸口已被运营人员关闭。",
    ProtocolUnsupported "protocol_unsupported" 426 "No protocol version is shared." "没有共同支持的协议版本。",
    EdgeUnknown "edge_unknown" 401 "This edge is not enrolled." "该边缘节点未登记。",
    SessionSuperseded "session_superseded" 409 "Another session of this edge took over." "该节点的另一个会话已接管。",
    EdgeTwin "edge_twin" 409 "Another instance of this edge is at work; this one is a copy. Enrol it anew under a name of its own." "该节点的另一个实例正在运行，本机是副本，请以新名称重新登记。",
    EdgeNeedsOperator "edge_needs_operator" 409 "This edge was restored too often today; an operator has to let it in." "该节点今日恢复次数过多，须由运营人员放行。",
    ChainBroken "chain_broken" 409 "The log does not continue what was received." "日志与已接收内容不连续。",
    RateLimited "rate_limited" 429 "You have asked too often. Wait a little and try again." "请求过于频繁，请稍后再试。",
    TooManyRequests "too_many_requests" 429 "Too Many Requests" "请求过于频繁",
    Unavailable "unavailable" 503 "This part of the service is out of reach. Try again shortly." "该服务暂时不可用，请稍后再试。",
    TimedOut "timed_out" 504 "This took too long. Try again." "处理超时，请重试。",
    Internal "internal" 500 "Something went wrong on our side." "服务器内部错误。",
    Unrecognised "unrecognised" 500 "An answer of a newer version." "来自更新版本的回应。",
}

impl Code {
    pub fn text(self) -> Text {
        Text {
            en: self.sentence(Language::English).to_owned(),
            zh: self.sentence(Language::Chinese).to_owned(),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

// A newer peer may know more codes; its answer still reads, as `Unrecognised`.
impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Ok(text.parse().unwrap_or(Self::Unrecognised))
    }
}

impl<C> Encode<C> for Code {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.str(self.as_str())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Code {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Ok(d.str()?.parse().unwrap_or(Self::Unrecognised))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_speaks_both_languages_and_keeps_its_word() {
        for &code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(code));
            assert!(code.sentence(Language::English).is_ascii(), "{code}");
            assert!(!code.sentence(Language::Chinese).is_ascii(), "{code}");
            assert!((200..600).contains(&code.status()), "{code}");
        }
    }

    #[test]
    fn the_reader_chooses_the_language() {
        for (header, expected) in [
            ("", Language::English),
            ("zh-CN,zh;q=0.9", Language::Chinese),
            ("fr, zh;q=0.5, en;q=0.1", Language::Chinese),
            ("en;q=0.2, zh-Hans", Language::Chinese),
            ("zh;q=0, en", Language::English),
            (";;q=x,,", Language::English),
        ] {
            assert_eq!(Language::from_accept(header), expected, "{header}");
        }
    }
}
