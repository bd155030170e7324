package rooms

import "fmt"

// MaxAmountMinor is the largest amount of one fee or budget in minor units. It
// keeps every sum of a sponsor's campaigns far from the end of int64, and every
// amount exact in a JSON reader that has only doubles (2^53).
const MaxAmountMinor int64 = 100_000_000_000_000

// Money is an amount in minor units (cents, yen, fils) of a currency.
type Money struct {
	Amount   int64    `json:"amount" minimum:"1" maximum:"100000000000000" doc:"Minor units of the currency"`
	Currency Currency `json:"currency" doc:"ISO 4217 code"`
}

func (m Money) String() string { return fmt.Sprintf("%d %s (minor)", m.Amount, m.Currency) }

// Currency is an ISO 4217 alphabetic code.
type Currency string

// Valid reports whether the code is one of the active ISO 4217 currencies that
// people are paid in (funds, metals and test codes are not).
func (c Currency) Valid() bool {
	_, ok := minorDigits[c]
	return ok
}

// MinorDigits is how many decimals the currency's minor unit has, by ISO 4217.
func (c Currency) MinorDigits() int {
	if d, ok := minorDigits[c]; ok {
		return int(d)
	}
	return 2
}

// minorDigits lists the codes and exponents of ISO 4217 table A.1.
var minorDigits = func() map[Currency]int8 {
	const two = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD " +
		"CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD " +
		"HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK " +
		"MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB " +
		"SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD " +
		"UYU UZS VED VES WST XCD YER ZAR ZMW ZWG"
	const zero = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
	const three = "BHD IQD JOD KWD LYD OMR TND"
	m := make(map[Currency]int8, 170)
	for digits, list := range map[int8]string{0: zero, 2: two, 3: three} {
		for i := 0; i+3 <= len(list); i += 4 {
			m[Currency(list[i:i+3])] = digits
		}
	}
	return m
}()
