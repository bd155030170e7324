// This file is generated from the server’s description by scripts/gen-rules.mjs

export const acceptCommandRules = {"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"offer_seq":{"type":"integer","required":true,"minimum":1,"format":"int64"},"terms_hash":{"type":"string","required":true,"pattern":"^[0-9a-f]{64}$"},"type":{"type":"string","required":true,"enum":["accept"]}} as const

export const accountRequestRules = {"name":{"type":"string","required":true,"minLength":1,"maxLength":80}} as const

export const appealRequestRules = {"text":{"type":"string","required":true,"minLength":1,"maxLength":2000}} as const

export const applicationRules = {"expires_in":{"type":"integer","required":false,"minimum":3600,"maximum":1209600,"format":"int64"},"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"message":{"type":"string","required":false,"maxLength":4000},"terms":{"type":"TermsPatch","required":false}} as const

export const askExportRequestRules = {"bom":{"type":"boolean","required":false},"table":{"type":"string","required":true,"maxLength":20}} as const

export const askReportRequestRules = {"month":{"type":"string","required":true,"pattern":"^[0-9]{4}-(0[1-9]|1[0-2])$"}} as const

export const campaignBodyRules = {"budget":{"type":"Money","required":true},"category":{"type":"string","required":false,"maxLength":60},"description":{"type":"string","required":false,"maxLength":4000},"ends_on":{"type":"string","required":true,"format":"date"},"goals":{"type":"string","required":false,"maxLength":2000},"name":{"type":"string","required":true,"minLength":1,"maxLength":120},"niches":{"type":"array","required":false,"maxItems":10,"items":{"type":"string","required":true}},"platforms":{"type":"array","required":false,"maxItems":12,"items":{"type":"string","required":true,"enum":["instagram","tiktok","youtube","twitch","x","facebook","linkedin","pinterest","snapchat","podcast","blog","other"]}},"starts_on":{"type":"string","required":true,"format":"date"},"visibility":{"type":"string","required":false,"enum":["public","private"]}} as const

export const campaignPatchRules = {"budget":{"type":"Money","required":false},"category":{"type":"string","required":false,"maxLength":60},"description":{"type":"string","required":false,"maxLength":4000},"ends_on":{"type":"string","required":false,"format":"date"},"goals":{"type":"string","required":false,"maxLength":2000},"name":{"type":"string","required":false,"minLength":1,"maxLength":120},"niches":{"type":"array","required":false,"maxItems":10,"items":{"type":"string","required":true}},"platforms":{"type":"array","required":false,"maxItems":12,"items":{"type":"string","required":true,"enum":["instagram","tiktok","youtube","twitch","x","facebook","linkedin","pinterest","snapchat","podcast","blog","other"]}},"starts_on":{"type":"string","required":false,"format":"date"},"visibility":{"type":"string","required":false,"enum":["public","private"]}} as const

export const cancelCommandRules = {"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"note":{"type":"string","required":false,"maxLength":500},"type":{"type":"string","required":true,"enum":["cancel"]}} as const

export const cardPatchRules = {"about":{"type":"string","required":false,"maxLength":1000},"industry":{"type":"string","required":false,"maxLength":60},"kind":{"type":"string","required":false,"enum":["company","individual"]},"name":{"type":"string","required":false,"minLength":1,"maxLength":80}} as const

export const closeCommandRules = {"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"reason":{"type":"string","required":true,"maxLength":500},"type":{"type":"string","required":true,"enum":["close"]}} as const

export const codeRequestRules = {"code":{"type":"string","required":true,"minLength":1,"maxLength":40}} as const

export const commandRules = {} as const

export const confirmCommandRules = {"delivery_seq":{"type":"integer","required":true,"minimum":1,"format":"int64"},"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"type":{"type":"string","required":true,"enum":["confirm"]}} as const

export const confirmPassRequestRules = {"password":{"type":"string","required":true,"maxLength":1000}} as const

export const counterCommandRules = {"expires_in":{"type":"integer","required":false,"minimum":3600,"maximum":1209600,"format":"int64"},"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"offer_seq":{"type":"integer","required":true,"minimum":1,"format":"int64"},"terms":{"type":"TermsPatch","required":true},"type":{"type":"string","required":true,"enum":["counter"]}} as const

export const declineCommandRules = {"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"note":{"type":"string","required":false,"maxLength":500},"offer_seq":{"type":"integer","required":false,"minimum":1,"format":"int64"},"reason":{"type":"string","required":true,"enum":["budget","timing","fit","terms","other"]},"type":{"type":"string","required":true,"enum":["decline"]}} as const

export const deleteRequestRules = {"code":{"type":"string","required":false,"maxLength":40},"password":{"type":"string","required":true,"maxLength":1000}} as const

export const deliverCommandRules = {"deal_seq":{"type":"integer","required":true,"minimum":1,"format":"int64"},"deliverable":{"type":"integer","required":true,"minimum":0,"maximum":19},"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"links":{"type":"array","required":true,"minItems":1,"maxItems":20,"items":{"type":"string","required":true,"maxLength":300,"format":"uri"}},"note":{"type":"string","required":false,"maxLength":500},"type":{"type":"string","required":true,"enum":["deliver"]}} as const

export const deliverableRules = {"due":{"type":"string","required":false,"format":"date"},"format":{"type":"string","required":true,"maxLength":40},"length_seconds":{"type":"integer","required":false,"minimum":0,"maximum":86400,"format":"int64"},"links":{"type":"array","required":false,"maxItems":5,"items":{"type":"string","required":true,"maxLength":300}},"must_show":{"type":"string","required":false,"maxLength":500},"platform":{"type":"string","required":true,"enum":["instagram","tiktok","youtube","twitch","x","facebook","linkedin","pinterest","snapchat","podcast","blog","other"]},"quantity":{"type":"integer","required":true,"minimum":1,"maximum":100,"format":"int64"}} as const

export const emailRequestRules = {"email":{"type":"string","required":true,"maxLength":254,"format":"email"},"password":{"type":"string","required":true,"maxLength":1000}} as const

export const exclusivityRules = {"category":{"type":"string","required":true,"maxLength":80},"days":{"type":"integer","required":true,"minimum":1,"maximum":730,"format":"int64"}} as const

export const flagRequestRules = {"id":{"type":"string","required":true,"minLength":1,"maxLength":40},"kind":{"type":"string","required":true,"enum":["user","campaign","room"]},"reason":{"type":"string","required":true,"minLength":1,"maxLength":500}} as const

export const forgotRequestRules = {"email":{"type":"string","required":true,"maxLength":254}} as const

export const freezeCommandRules = {"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"reason":{"type":"string","required":true,"maxLength":500},"type":{"type":"string","required":true,"enum":["freeze"]}} as const

export const invitationRules = {"expires_in":{"type":"integer","required":false,"minimum":3600,"maximum":1209600,"format":"int64"},"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"influencer":{"type":"string","required":true},"message":{"type":"string","required":false,"maxLength":4000},"terms":{"type":"TermsPatch","required":false}} as const

export const invitationsRules = {"expires_in":{"type":"integer","required":false,"minimum":3600,"maximum":1209600,"format":"int64"},"invitations":{"type":"array","required":true,"minItems":1,"maxItems":20,"items":{"type":"object","required":true}},"message":{"type":"string","required":false,"maxLength":4000},"terms":{"type":"TermsPatch","required":false}} as const

export const liftRequestRules = {"note":{"type":"string","required":true,"minLength":1,"maxLength":2000}} as const

export const loginRequestRules = {"code":{"type":"string","required":false,"maxLength":40},"email":{"type":"string","required":true,"maxLength":254},"password":{"type":"string","required":true,"maxLength":1000},"zone":{"type":"string","required":false,"maxLength":60}} as const

export const mailTokenRequestRules = {"token":{"type":"string","required":true,"minLength":1,"maxLength":200}} as const

export const makeWebhookRequestRules = {"form":{"type":"string","required":true,"enum":["chat","signed"]},"name":{"type":"string","required":true,"minLength":1,"maxLength":80},"url":{"type":"string","required":true,"minLength":1,"maxLength":500}} as const

export const messageCommandRules = {"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"text":{"type":"string","required":true,"maxLength":4000},"type":{"type":"string","required":true,"enum":["message"]}} as const

export const milestoneRules = {"milestone":{"type":"string","required":true,"maxLength":80},"net_days":{"type":"integer","required":true,"minimum":0,"maximum":180,"format":"int64"},"percent":{"type":"integer","required":true,"minimum":1,"maximum":100,"format":"int64"}} as const

export const moneyRules = {"amount":{"type":"integer","required":true,"minimum":1,"maximum":100000000000000,"format":"int64"},"currency":{"type":"string","required":true,"pattern":"^[A-Z]{3}$"}} as const

export const offerCommandRules = {"expires_in":{"type":"integer","required":false,"minimum":3600,"maximum":1209600,"format":"int64"},"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"terms":{"type":"TermsPatch","required":true},"type":{"type":"string","required":true,"enum":["offer"]}} as const

export const ownBudgetRequestRules = {"amount":{"type":"integer","required":true,"minimum":0,"format":"int64"}} as const

export const passwordRequestRules = {"current":{"type":"string","required":true,"maxLength":1000},"password":{"type":"string","required":true,"minLength":10,"maxLength":200}} as const

export const platformRules = {"engagement_bp":{"type":"integer","required":true,"minimum":0,"maximum":10000,"format":"int64"},"followers":{"type":"integer","required":true,"minimum":0,"maximum":10000000000,"format":"int64"},"handle":{"type":"string","required":true,"minLength":1,"maxLength":100},"platform":{"type":"string","required":true,"enum":["instagram","tiktok","youtube","twitch","x","facebook","linkedin","pinterest","snapchat","podcast","blog","other"]}} as const

export const preferencesRules = {"hour":{"type":"integer","required":true,"minimum":0,"maximum":23,"format":"int64"},"topics":{"type":"Topics","required":true},"webhook":{"type":"string","required":false,"maxLength":40},"zone":{"type":"string","required":true,"minLength":1,"maxLength":60}} as const

export const profilePatchRules = {"accepts_invites":{"type":"boolean","required":false},"bio":{"type":"string","required":false,"maxLength":1000},"category":{"type":"string","required":false,"maxLength":60},"name":{"type":"string","required":false,"minLength":1,"maxLength":80},"niches":{"type":"array","required":false,"maxItems":10,"items":{"type":"string","required":true,"maxLength":40}},"platforms":{"type":"array","required":false,"maxItems":12,"items":{"type":"Platform","required":true}},"reach":{"type":"integer","required":false,"minimum":0,"maximum":10000000000,"format":"int64"},"slug":{"type":"string","required":false,"minLength":3,"maxLength":40,"pattern":"^[a-z0-9]+(-[a-z0-9]+)*$"}} as const

export const readNoticesRequestRules = {"up_to":{"type":"string","required":false,"maxLength":40}} as const

export const refuseRequestRules = {"reason":{"type":"string","required":true,"minLength":1,"maxLength":500}} as const

export const registerRequestRules = {"budget":{"type":"Money","required":false},"category":{"type":"string","required":false,"maxLength":60},"email":{"type":"string","required":true,"maxLength":254,"format":"email"},"industry":{"type":"string","required":false,"maxLength":60},"kind":{"type":"string","required":false,"enum":["company","individual"]},"name":{"type":"string","required":true,"minLength":1,"maxLength":80},"niche":{"type":"string","required":false,"maxLength":60},"password":{"type":"string","required":true,"minLength":10,"maxLength":200},"reach":{"type":"integer","required":false,"minimum":0,"maximum":10000000000,"format":"int64"},"role":{"type":"string","required":true,"enum":["sponsor","influencer"]},"zone":{"type":"string","required":false,"maxLength":60}} as const

export const removeFactorRequestRules = {"code":{"type":"string","required":true,"minLength":1,"maxLength":40},"password":{"type":"string","required":true,"maxLength":1000}} as const

export const renameSavedRequestRules = {"name":{"type":"string","required":true,"minLength":1,"maxLength":80}} as const

export const reopenCommandRules = {"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"type":{"type":"string","required":true,"enum":["reopen"]}} as const

export const resetRequestRules = {"password":{"type":"string","required":true,"minLength":10,"maxLength":200},"token":{"type":"string","required":true,"minLength":1,"maxLength":200}} as const

export const returnCommandRules = {"delivery_seq":{"type":"integer","required":true,"minimum":1,"format":"int64"},"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"reason":{"type":"string","required":true,"maxLength":1000},"type":{"type":"string","required":true,"enum":["return"]}} as const

export const saveRequestRules = {"name":{"type":"string","required":true,"minLength":1,"maxLength":80},"query":{"type":"string","required":true,"maxLength":1500}} as const

export const termsPatchRules = {"deliverables":{"type":"array","required":false,"minItems":1,"maxItems":20,"items":{"type":"Deliverable","required":true}},"exclusivity":{"type":"Exclusivity","required":false},"fee":{"type":"Money","required":false},"locked":{"type":"array","required":false,"items":{"type":"string","required":true,"enum":["fee","deliverables","usage_rights","exclusivity","revision_rounds","payment","requirements","note"]}},"note":{"type":"string","required":false,"maxLength":1000},"payment":{"type":"array","required":false,"maxItems":6,"items":{"type":"Milestone","required":true}},"requirements":{"type":"string","required":false,"maxLength":2000},"revision_rounds":{"type":"integer","required":false,"minimum":0,"maximum":20,"format":"int64"},"usage_rights":{"type":"UsageRights","required":false}} as const

export const tokenRequestRules = {"expires_in":{"type":"integer","required":false,"minimum":60,"maximum":31536000,"format":"int64"},"name":{"type":"string","required":true,"minLength":1,"maxLength":80}} as const

export const topicsRules = {"daily":{"type":"boolean","required":true},"deals":{"type":"boolean","required":true},"monthly":{"type":"boolean","required":true},"offers":{"type":"boolean","required":true},"requests":{"type":"boolean","required":true},"weekly":{"type":"boolean","required":true}} as const

export const unfreezeCommandRules = {"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"reason":{"type":"string","required":true,"maxLength":500},"type":{"type":"string","required":true,"enum":["unfreeze"]}} as const

export const upholdRequestRules = {"answer":{"type":"string","required":true,"minLength":1,"maxLength":2000}} as const

export const usageRightsRules = {"channels":{"type":"array","required":false,"items":{"type":"string","required":true,"enum":["instagram","tiktok","youtube","twitch","x","facebook","linkedin","pinterest","snapchat","podcast","blog","other"]}},"months":{"type":"integer","required":true,"minimum":0,"maximum":120,"format":"int64"},"scope":{"type":"string","required":true,"enum":["organic","paid","whitelisting"]}} as const

export const withdrawCommandRules = {"id":{"type":"string","required":true,"pattern":"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},"offer_seq":{"type":"integer","required":true,"minimum":1,"format":"int64"},"type":{"type":"string","required":true,"enum":["withdraw"]}} as const
